const assert = require('assert');
function compareTotals(actual, expected) { assert.deepStrictEqual(actual, expected); }
compareTotals({ total: 12, tax: '1' }, { total: 12, tax: 1 });
