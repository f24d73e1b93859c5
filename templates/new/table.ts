export const {{identifier}} = {{maker}}({{name}}, {
  // Keys are kept and shown: if {{personalKey}} is personal data, use another unique column.
  key: {{key}},
  {{if isKeyless}}// No key orders its rows: jobs can only insert into it.
  columns: {{columns}},
  {{if isPersonal}}// Guessed by their names, so correct the list: their values are never shown, and undo logs encrypt them.
  personalData: {{personalData}},
});
