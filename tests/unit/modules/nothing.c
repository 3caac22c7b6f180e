/* A shared object that is no plugin. */
extern int kk_nothing;
int kk_nothing = 7;
