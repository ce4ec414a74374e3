<?php
class Template {
    private array $vars = [];
    public function __toString(): string { return $this->vars['title'] . self::footer(null); }
    private static function footer(?Template $t) { return $t->name(); }
}
echo new Template;
