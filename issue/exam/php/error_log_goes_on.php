<?php
set_exception_handler(function (Throwable $t) { error_log("handler: " . $t); });
function parse(string $json) { return json_decode($json, false, 4, JSON_THROW_ON_ERROR); }
error_log("worker started, 0 errors");
foreach (['{}', '{"a"'] as $json) {
    try { parse($json); } catch (JsonException $e) { error_log("PHP Exception: " . $e); }
}
error_log("worker done");
