<?php
trait Locks { private function release(): never { throw new class extends RuntimeException {}; } }
class Job { use Locks; public function __invoke() { $this->release(); } }
call_user_func(new Job);
