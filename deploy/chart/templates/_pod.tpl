{{/* A dict with root and account: what every pod has, beside its containers. */}}
{{- define "tidefill.pod" -}}
serviceAccountName: {{ .account | quote }}
automountServiceAccountToken: false
# Variables of services, such as TIDEFILL_PORT, could be taken for settings.
enableServiceLinks: false
terminationGracePeriodSeconds: {{ int64 .root.Values.terminationGracePeriodSeconds }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ int64 .root.Values.security.runAsUser }}
  runAsGroup: {{ int64 .root.Values.security.runAsGroup }}
  fsGroup: {{ int64 .root.Values.security.runAsGroup }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- with .root.Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  # Node keeps compiled code here, the loader of jobs what it has translated.
  - name: tmp
    emptyDir:
      sizeLimit: 128Mi
  {{- range .root.Values.mounts }}
  - name: {{ .name | quote }}
    {{- if .secret }}
    secret:
      secretName: {{ .secret | quote }}
      defaultMode: 0440
    {{- else if .configMap }}
    configMap:
      name: {{ .configMap | quote }}
    {{- else }}
    persistentVolumeClaim:
      claimName: {{ .claim | quote }}
      readOnly: true
    {{- end }}
  {{- end }}
{{- end -}}

{{/* A dict with root, name, command (the words behind tidefill), arguments and resources: one container. */}}
{{- define "tidefill.container" -}}
name: {{ .name }}
image: {{ include "tidefill.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
command:
  - node
  - node_modules/tidefill/bin/tidefill.js
  {{- range .command }}
  - {{ . }}
  {{- end }}
{{- with .arguments }}
args:
  {{- range . }}
  - {{ . | quote }}
  {{- end }}
{{- end }}
envFrom:
  - secretRef:
      name: {{ include "tidefill.secret" .root | quote }}
{{- with .root.Values.env }}
env:
  {{- range $name, $value := . }}
  {{- if or (regexMatch "PASSWORD|SECRET|TOKEN|CREDENTIAL|_KEY$|DATABASE_URL|QUEUE_URL|DSN$" $name) (regexMatch "://[^/@ ]*:[^/@ ]*@" $value) }}
  {{- fail (printf "env.%s looks like a secret. Put it into the Secret that existingSecret names, and remove it here." $name) }}
  {{- end }}
  - name: {{ $name | quote }}
    value: {{ $value | quote }}
  {{- end }}
{{- end }}
resources:
  {{- toYaml .resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities:
    drop: [ALL]
volumeMounts:
  - name: tmp
    mountPath: /tmp
  {{- range .root.Values.mounts }}
  - name: {{ .name | quote }}
    mountPath: {{ .mountPath | quote }}
    readOnly: true
  {{- end }}
{{- end -}}
