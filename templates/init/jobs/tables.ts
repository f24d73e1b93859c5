// What jobs read and write: `tidefill new <job> --table <table>` describes tables here.
