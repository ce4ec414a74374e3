const settings = {
  retries: 3
  timeout: 5,
};
