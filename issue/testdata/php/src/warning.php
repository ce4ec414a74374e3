<?php
echo $undefined;
echo [1][5];
trigger_error("custom failure", E_USER_ERROR);
