<?php
function total($rows) {
    return array_sum($rows;
}
