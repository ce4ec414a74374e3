class NotFoundError extends Error {
  constructor(message, id) {
    super(message);
    this.name = 'NotFoundError';
    this.id = id;
    this.detail = { table: 'users', tried: [1, 2] };
  }
}

throw new NotFoundError('no such user', 17);
