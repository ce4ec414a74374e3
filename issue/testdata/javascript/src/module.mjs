import fs from 'node:fs';
fs.readFileSync('/does/not/exist');
