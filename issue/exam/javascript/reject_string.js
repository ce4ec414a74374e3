console.error('worker 3 ready');
Promise.reject('out of cheese');
