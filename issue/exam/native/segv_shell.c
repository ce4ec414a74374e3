struct node { struct node *next; int v; };
static int last(struct node *n) { while (n->next) n = n->next; return n->next->v; }
int main(void) { struct node a = {0, 1}; return last(&a); }
