/*
 * SoftHSM with one thing wrong, by the variable BAD_MODULE:
 *   flip   a bit of each signature is another
 *   print  it writes to standard output
 *   hang   C_Sign never returns
 *   crash  C_Sign ends the process
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long word;
typedef struct { unsigned char version[2]; void *functions[68]; } list;
typedef word signer(word, unsigned char *, word, unsigned char *, word *);

static list changed;
static signer *sign;

static int is(const char *wrong) {
  const char *mode = getenv("BAD_MODULE");
  return mode && !strcmp(mode, wrong);
}

static word bad_sign(word session, unsigned char *data, word length, unsigned char *signature, word *signature_length) {
  word result;
  if (is("hang")) for (;;) pause();
  if (is("crash")) abort();
  result = sign(session, data, length, signature, signature_length);
  if (is("flip") && signature && !result) signature[3] ^= 1;
  return result;
}

word C_GetFunctionList(void **out) {
  void *library = dlopen("/usr/lib/softhsm/libsofthsm2.so", RTLD_NOW);
  word (*get)(list **) = library ? (word (*)(list **))dlsym(library, "C_GetFunctionList") : NULL;
  list *real;
  if (!get || get(&real)) return 5;
  changed = *real;
  sign = (signer *)changed.functions[43];
  changed.functions[43] = bad_sign;
  if (is("print")) printf("{\"errorMessage\":\"from the module\"}\n"), fflush(stdout);
  *out = &changed;
  return 0;
}
