<?php
fwrite(STDERR, "[20-Nov-2026 10:00:00 UTC] app started, error_reporting=E_ALL\n");
function page() { return render_headr("home"); }
page();
