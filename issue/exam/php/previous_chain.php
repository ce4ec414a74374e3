<?php
interface Store { public function put(string $key, $value): void; }
class DiskStore implements Store {
    public function put(string $key, $value): void { throw new RuntimeException("disk full: /var/größe", 28); }
}
class Cache {
    public function __construct(private Store $store) {}
    public function __call(string $name, array $args) {
        try { $this->store->put(...$args); }
        catch (RuntimeException $e) { throw new LogicException("cache.$name failed", 1, $e); }
    }
}
(new Cache(new DiskStore))->remember('k', [1]);
