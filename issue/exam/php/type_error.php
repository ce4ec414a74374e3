<?php
declare(strict_types=1);
class Repo { public function find(int $id): ?array { return null; } }
class Controller {
    public function show(Repo $r, $id) { return $r->find($id)['name']; }
}
(new Controller)->show(new Repo, "12a");
