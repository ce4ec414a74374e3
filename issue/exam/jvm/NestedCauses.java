package org.example.repo;

import java.io.*;
import java.sql.SQLException;

public class NestedCauses {
    static class RepositoryException extends RuntimeException {
        RepositoryException(String m, Throwable c) { super(m, c); }
    }

    interface Dao<T> { T load(long id) throws SQLException; }

    static class UserDao implements Dao<String> {
        public String load(long id) throws SQLException {
            try { throw new EOFException(); } catch (IOException e) {
                throw new SQLException("I/O error: \"users\" id=" + id, "08006", e);
            }
        }
    }

    static <T> T fetch(Dao<T> dao, long id) {
        try { return dao.load(id); } catch (SQLException e) { throw new RepositoryException("could not load\nid: " + id, e); }
    }

    public static void main(String[] args) { fetch(new UserDao(), 42); }
}
