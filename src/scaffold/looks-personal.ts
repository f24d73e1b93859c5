const always =
  /^(.*_)?(e_?mail|mail|phone|mobile|fax|address|street|postcode|postal_code|zip|zip_code|birth|birthday|birthdate|birth_date|date_of_birth|dob|first_name|last_name|full_name|given_name|family_name|middle_name|maiden_name|surname|nickname|username|user_name|login|password|password_hash|passport|ssn|tax_id|iban|ip|ip_address|gender|nationality|latitude|longitude)(_.*)?$/;

const aboutPersons =
  /(^|_)(users?|persons?|people|students?|teachers?|customers?|accounts?|employees?|members?|contacts?|patients?|authors?|profiles?|parents?|guardians?|subscribers?|clients?)($|_)/;

/** Whether a column's name suggests values of persons; a bare `name` does so only in a table of persons. */
export function looksPersonal(table: string, column: string): boolean {
  const plain = snakeCase(column);
  if (isAboutMail(plain)) return false;
  return always.test(plain) || (plain === "name" && aboutPersons.test(snakeCase(table)));
}

// Whether, when and how often a mail was sent is not personal data by itself.
function isAboutMail(column: string): boolean {
  return /_(at|on|count|id|type|status|enabled|verified|confirmed|sent|template)$|^(is|has)_/.test(column);
}

function snakeCase(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replaceAll(/[^\p{L}\p{N}]+/gu, "_")
    .toLowerCase();
}
