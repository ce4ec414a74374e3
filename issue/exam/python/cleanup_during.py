class Connection:
    closed = False

    def send(self, data):
        raise BrokenPipeError(32, "Broken pipe")

    def close(self):
        return self.socket.close()


def push(conn):
    try:
        conn.send(b"hello")
    finally:
        conn.close()


push(Connection())
