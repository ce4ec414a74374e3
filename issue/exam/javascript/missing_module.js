require('./lib/does-not-exist');
