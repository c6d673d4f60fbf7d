/* A shared library must have a source of its own; libsatchel.so is made of archives only. */
typedef int satchel_no_symbols;
