{{/* Names end before the 52 characters that a CronJob's name may have, its suffix included. */}}
{{- define "tidefill.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 44 | trimSuffix "-" -}}
{{- end -}}

{{- define "tidefill.fullname" -}}
{{- $name := include "tidefill.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 44 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 44 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 44 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What finds the pods of this release. It may never change, since a Deployment's selector cannot. */}}
{{- define "tidefill.selectorLabels" -}}
app.kubernetes.io/name: {{ include "tidefill.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* A dict with root and component: the labels of every object. */}}
{{- define "tidefill.labels" -}}
{{ include "tidefill.selectorLabels" .root }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/part-of: tidefill
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* A dict with root and component: the labels of a pod; without versions, so that a new chart starts no new pod. */}}
{{- define "tidefill.podLabels" -}}
{{ include "tidefill.selectorLabels" .root }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/part-of: tidefill
{{- with .root.Values.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "tidefill.image" -}}
{{- with .Values.image -}}
{{- if not .repository -}}
{{- fail "image.repository is missing. Name the image that you built with your jobs, for example: --set image.repository=registry.example.com/team/backfills" -}}
{{- end -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else if .tag -}}
{{ .repository }}:{{ .tag }}
{{- else -}}
{{- fail "image.tag and image.digest are missing. Name one of them, for example: --set image.tag=2026-11-30" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "tidefill.secret" -}}
{{- if not .Values.existingSecret -}}
{{- fail "existingSecret is missing. Make a Secret with TIDEFILL_QUEUE_URL and the addresses of your targets, and name it, for example: --set existingSecret=tidefill" -}}
{{- end -}}
{{- .Values.existingSecret -}}
{{- end -}}

{{- define "tidefill.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "tidefill.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* The label job that Prometheus gives to what the PodMonitor scrapes. */}}
{{- define "tidefill.scrapeJob" -}}
{{ .Release.Namespace }}/{{ include "tidefill.fullname" . }}
{{- end -}}
