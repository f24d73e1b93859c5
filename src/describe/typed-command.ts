const commands =
  "audit|backup|cancel|check|contract|enqueue|erase|list|new|pause|plan|purge|queue|rejects|resume|run|schedule|set|status|undo|up|verify|work";

/**
 * A command in a text ends with its line, before two spaces or a bracket, or with the sentence. "by tidefill contract"
 * names a command that does something, and is not one to type.
 */
export const typedCommand = new RegExp(
  `(?<![\\w-]|\\bby )tidefill (?:${commands})(?![\\w-])[^\\n\`,;)]*?(?= {2,}| && |\\n|$|[\`,;)]|\\.(?:\\s|$))`,
  "g",
);
