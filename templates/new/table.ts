export const {{identifier}} = {{maker}}({{name}}, {
  // Keys are kept and shown: if {{personalKey}} is about persons, name another unique one.
  key: {{key}},
  {{if isKeyless}}// No key orders its rows: it can only be inserted into.
  columns: {{columns}},
  {{if isPersonal}}// By their names, so correct the list: values of these columns are shown and kept nowhere.
  personalData: {{personalData}},
});
