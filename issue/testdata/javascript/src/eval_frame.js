function run(code) { return eval(code); }
run('nothing.there');
