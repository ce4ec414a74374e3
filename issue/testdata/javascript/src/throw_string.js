throw 'out of cheese';
