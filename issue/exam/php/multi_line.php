<?php
function migrate(string $sql) {
    throw new PDOException("SQLSTATE[42000]: Syntax error or access violation: 1064 near 'FORM users\nWHERE id = 1' at line 1");
}
migrate("SELECT * FORM users\nWHERE id = 1");
