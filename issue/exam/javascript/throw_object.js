function verify(token) { throw { code: 401, reason: 'token: expired' }; }
verify('x');
