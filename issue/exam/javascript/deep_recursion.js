class Tree {
  constructor() { this.parent = this; }
  depth() { return 1 + this.parent.depth(); }
}
new Tree().depth();
