/*
 * A PKCS#11 module with one token and one key, which does what its state file says: count PINs as a token with
 * retries does, be taken out, sign wrongly. It has no cryptography: signatures are read from the file.
 *
 * The file has lines of a name and a value, read anew at each call:
 *   absent 1            the token is not there
 *   flags 50c           CK_TOKEN_INFO.flags, besides those that counted PINs raise
 *   tries 3             wrong PINs until it locks; the PIN is 123456
 *   login e1, sign 30   what C_Login and C_Sign return
 *   busy 1              C_Sign does not return before the file says otherwise
 *   signature, point, params (hexadecimal), keytype, extractable, reauthenticate
 * Calls of C_Login and C_Sign are appended to the file's name with .log behind it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef unsigned long word;
typedef unsigned char byte;
typedef struct { word type; void *value; word length; } attribute;

enum { OK = 0, PIN_INCORRECT = 0xa0, PIN_LOCKED = 0xa4, NOT_PRESENT = 0xe0, TYPE_INVALID = 0x12, NOT_INITIALIZED = 0x190 };
enum { COUNT_LOW = 0x10000, FINAL_TRY = 0x20000, LOCKED = 0x40000 };
enum { PRIVATE_KEY = 3, PUBLIC_KEY = 2 };

static word wrong_pins, logged_in, initialized;
static word found[2], found_count;

/* Returns the value of a name, or NULL. */
static const char *setting(const char *name) {
  static char value[4096];
  char key[64];
  FILE *file = fopen(STATE_FILE, "r");
  const char *result = NULL;
  if (!file) return NULL;
  while (fscanf(file, "%63s %4095s", key, value) == 2)
    if (!strcmp(key, name)) { result = value; break; }
  fclose(file);
  return result;
}

static word number(const char *name, word otherwise) {
  const char *text = setting(name);
  return text ? strtoul(text, NULL, 16) : otherwise;
}

static word bytes_of(const char *name, byte *out, word capacity) {
  const char *text = setting(name);
  word length = text ? strlen(text) / 2 : 0;
  if (length > capacity) abort();
  for (word i = 0; i < length; i++) sscanf(text + 2 * i, "%2hhx", &out[i]);
  return length;
}

static void note(const char *line) {
  FILE *file = fopen(STATE_FILE ".log", "a");
  if (!file) abort();
  fprintf(file, "%s\n", line);
  fclose(file);
}

static word unusable(void) {
  if (!initialized) return NOT_INITIALIZED;
  return number("absent", 0) ? NOT_PRESENT : OK;
}

static word pin_flags(void) {
  word tries = number("tries", 0);
  if (!tries || !wrong_pins) return 0;
  if (wrong_pins >= tries) return LOCKED;
  return wrong_pins + 1 == tries ? COUNT_LOW | FINAL_TRY : COUNT_LOW;
}

static word C_Initialize(void *arguments) {
  (void)arguments;
  initialized = 1;
  wrong_pins = logged_in = 0;
  return OK;
}

static word C_Finalize(void *reserved) {
  (void)reserved;
  initialized = 0;
  return OK;
}

static word C_GetSlotList(byte present, word *slots, word *count) {
  (void)present;
  *count = number("absent", 0) ? 0 : 1;
  if (slots && *count) slots[0] = 7;
  return OK;
}

static void padded(byte *out, const char *text, word length) {
  memset(out, ' ', length);
  memcpy(out, text, strlen(text));
}

static word C_GetTokenInfo(word slot, byte *info) {
  word flags = number("flags", 0x40c) | pin_flags();
  (void)slot;
  if (unusable()) return unusable();
  memset(info, 0, 208);
  padded(info, "testing", 32);
  padded(info + 32, "sigstead", 32);
  padded(info + 64, "test module", 16);
  padded(info + 80, "0001", 16);
  memcpy(info + 96, &flags, sizeof flags);
  info[184] = 1, info[186] = 5, info[187] = 7;
  return OK;
}

static word C_OpenSession(word slot, word flags, void *application, void *notify, word *session) {
  (void)slot, (void)flags, (void)application, (void)notify;
  *session = 1;
  return unusable();
}

static word C_CloseSession(word session) {
  (void)session;
  return unusable();
}

static word C_GetSessionInfo(word session, word *info) {
  (void)session;
  info[0] = 7, info[1] = logged_in ? 1 : 0, info[2] = 4, info[3] = 0;
  return unusable();
}

static word C_Login(word session, word user, byte *pin, word length) {
  word tries = number("tries", 0), result = number("login", OK);
  char line[64];
  (void)session;
  snprintf(line, sizeof line, "C_Login %lu %s", user, pin ? "pin" : "null");
  note(line);
  if (result) return result;
  if (pin && tries && wrong_pins >= tries) return PIN_LOCKED;
  if (pin && (length != 6 || memcmp(pin, "123456", 6))) {
    wrong_pins++;
    return PIN_INCORRECT;
  }
  wrong_pins = 0;
  logged_in = 1;
  return OK;
}

static int has(const attribute *wanted, word count, word class) {
  for (word i = 0; i < count; i++) {
    const attribute *one = &wanted[i];
    if (one->type == 0 && *(word *)one->value != class) return 0;
    if (one->type == 3 && (one->length != 3 || memcmp(one->value, "key", 3))) return 0;
    if (one->type == 0x102 && (one->length != 1 || *(byte *)one->value != 1)) return 0;
  }
  return 1;
}

static word C_FindObjectsInit(word session, attribute *wanted, word count) {
  (void)session;
  found_count = 0;
  if (has(wanted, count, PRIVATE_KEY)) found[found_count++] = PRIVATE_KEY;
  if (setting("point") && has(wanted, count, PUBLIC_KEY)) found[found_count++] = PUBLIC_KEY;
  return OK;
}

static word C_FindObjects(word session, word *objects, word capacity, word *count) {
  (void)session;
  *count = capacity && found_count ? 1 : 0;
  if (*count) *objects = found[--found_count];
  return OK;
}

static word C_FindObjectsFinal(word session) {
  (void)session;
  return OK;
}

static word put(attribute *out, const void *value, word length) {
  if (out->length < length) abort();
  memcpy(out->value, value, length);
  out->length = length;
  return OK;
}

static word C_GetAttributeValue(word session, word object, attribute *out, word count) {
  byte value[512], yes = 1, no = 0;
  word key_type = number("keytype", 3);
  (void)session, (void)object, (void)count;
  switch (out->type) {
    case 0x3: return put(out, "key", 3);
    case 0x102: return put(out, &yes, 1);
    case 0x100: return put(out, &key_type, sizeof key_type);
    case 0x180: return put(out, value, bytes_of("params", value, sizeof value));
    case 0x181: return put(out, value, bytes_of("point", value, sizeof value));
    case 0x162: return put(out, number("extractable", 0) ? &yes : &no, 1);
    case 0x202: return put(out, number("reauthenticate", 0) ? &yes : &no, 1);
    case 0x103: case 0x163: case 0x164: case 0x165: return put(out, &yes, 1);
  }
  out->length = (word)-1;
  return TYPE_INVALID;
}

static word C_SignInit(word session, void *mechanism, word key) {
  (void)session, (void)mechanism, (void)key;
  return unusable();
}

static word C_Sign(word session, byte *data, word length, byte *signature, word *signature_length) {
  (void)session, (void)data, (void)length;
  note("C_Sign");
  while (number("busy", 0)) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  *signature_length = bytes_of("signature", signature, *signature_length);
  return unusable() ? unusable() : number("sign", OK);
}

static word C_GenerateKeyPair(word session, void *mechanism, attribute *public, word public_count, attribute *private,
                              word private_count, word *public_key, word *private_key) {
  (void)session, (void)mechanism, (void)public, (void)public_count, (void)private, (void)private_count;
  *public_key = PUBLIC_KEY, *private_key = PRIVATE_KEY;
  return OK;
}

static word C_GenerateRandom(word session, byte *out, word length) {
  (void)session;
  memset(out, 9, length);
  return OK;
}

static struct { byte version[2]; void *functions[68]; } list = {
  .version = {2, 40},
  .functions = {
    [0] = C_Initialize, [1] = C_Finalize, [4] = C_GetSlotList, [6] = C_GetTokenInfo, [12] = C_OpenSession,
    [13] = C_CloseSession, [15] = C_GetSessionInfo, [18] = C_Login, [24] = C_GetAttributeValue,
    [26] = C_FindObjectsInit, [27] = C_FindObjects, [28] = C_FindObjectsFinal, [42] = C_SignInit, [43] = C_Sign,
    [59] = C_GenerateKeyPair, [64] = C_GenerateRandom,
  },
};

word C_GetFunctionList(void **out) {
  *out = &list;
  return OK;
}
