// A stand-in for cuDNN: float32 convolutions on host memory, through the graph interface and the
// legacy one. Descriptors keep the attributes they are given; running a plan reads them back.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef long long L;
enum { BAD = 2000 };
#define HANDLE ((void *) 0x44)
static int bound_stream;
static char complaint[256];

static int bad(const char *why, int what) {
  snprintf(complaint, sizeof complaint, "%s %d", why, what);
  return BAD;
}

int cudnnGetProperty(int p, int *v) { *v = p == 0 ? 9 : 24 * (p == 1); return 0; }
int cudnnCreate(void **h) { *h = HANDLE; return 0; }
int cudnnDestroy(void *h) { return h == HANDLE ? 0 : BAD; }
int cudnnSetStream(void *h, void *s) { bound_stream = s != 0; return 0; }
const char *cudnnGetErrorString(int s) { return s == BAD ? "CUDNN_STATUS_BAD_PARAM" : "other"; }
void cudnnGetLastErrorString(char *s, size_t n) { strncpy(s, complaint, n); }

struct tensor { L dims[4], strides[4]; float *data; };

static float *at(const struct tensor *t, L a, L b, L c, L d) {
  return t->data + (t->dims[0] == 1 ? 0 : a * t->strides[0]) + b * t->strides[1]
      + (t->dims[2] == 1 ? 0 : c * t->strides[2]) + (t->dims[3] == 1 ? 0 : d * t->strides[3]);
}

static void convolve(const struct tensor *x, const struct tensor *w, const struct tensor *y,
                     const L *stride, const L *before) {
  for (L n = 0; n < y->dims[0]; n++)
    for (L k = 0; k < y->dims[1]; k++)
      for (L p = 0; p < y->dims[2]; p++)
        for (L q = 0; q < y->dims[3]; q++) {
          float sum = 0;
          for (L c = 0; c < x->dims[1]; c++)
            for (L r = 0; r < w->dims[2]; r++)
              for (L s = 0; s < w->dims[3]; s++) {
                L h = p * stride[0] - before[0] + r, v = q * stride[1] - before[1] + s;
                if (h >= 0 && v >= 0 && h < x->dims[2] && v < x->dims[3])
                  sum += *at(x, n, c, h, v)
                      * w->data[k * w->strides[0] + c * w->strides[1] + r * w->strides[2]
                                + s * w->strides[3]];
              }
          y->data[n * y->strides[0] + k * y->strides[1] + p * y->strides[2] + q * y->strides[3]] = sum;
        }
}

static void add(const struct tensor *a, const struct tensor *b, const struct tensor *y) {
  for (L n = 0; n < y->dims[0]; n++)
    for (L k = 0; k < y->dims[1]; k++)
      for (L p = 0; p < y->dims[2]; p++)
        for (L q = 0; q < y->dims[3]; q++)
          *at(y, n, k, p, q) = *at(a, n, k, p, q) + *at(b, n, k, p, q);
}

// The graph interface.

struct value { int name, type; L count; char bytes[1024]; };
struct descriptor { int type, final, count, engine; struct value values[12]; struct descriptor *graph; };

static size_t size_of(int type) {
  switch (type) {
    case 0: case 3: case 6: case 15: return 8;
    case 2: case 24: return 1;
    default: return 4;
  }
}

static struct value *get(struct descriptor *d, int name) {
  for (int i = 0; i < d->count; i++) if (d->values[i].name == name) return &d->values[i];
  return 0;
}

static L number(struct descriptor *d, int name, int i) {
  struct value *v = get(d, name);
  if (!v) return 0;
  return v->type == 3 ? ((L *) v->bytes)[i] : v->type == 2 ? v->bytes[i] : ((int *) v->bytes)[i];
}

static struct descriptor *child(struct descriptor *d, int name, int i) {
  struct value *v = get(d, name);
  return v ? ((struct descriptor **) v->bytes)[i] : 0;
}

int cudnnBackendCreateDescriptor(int type, struct descriptor **d) {
  *d = calloc(1, sizeof **d);
  (*d)->type = type;
  return 0;
}
int cudnnBackendDestroyDescriptor(struct descriptor *d) { free(d); return 0; }
int cudnnBackendSetAttribute(struct descriptor *d, int name, int type, L count, const void *bytes) {
  if (d->final) return bad("set after finalize", name);
  if (count * size_of(type) > 1024) return bad("too many", name);
  if (type == 15)
    for (L i = 0; i < count; i++) {
      struct descriptor *c = ((struct descriptor **) bytes)[i];
      if (!c->final && c->type != 3 && c->type != 2) return bad("child not finalized", name);
    }
  struct value *v = &d->values[d->count++];
  v->name = name;
  v->type = type;
  v->count = count;
  memcpy(v->bytes, bytes, count * size_of(type));
  return 0;
}
static int demands(struct descriptor *d, int first, int last) {
  for (int i = first; i <= last; i++) if (!get(d, i)) return bad("missing attribute", i);
  return 0;
}
int cudnnBackendFinalize(struct descriptor *d) {
  int status = 0;
  switch (d->type) {
    case 0: status = demands(d, 0, 1); break;
    case 1: status = demands(d, 100, 106); break;
    case 4: status = demands(d, 200, 201); break;
    case 5: status = demands(d, 400, 401); break;
    case 10: status = demands(d, 700, 705); break;
    case 13: status = demands(d, 750, 753); break;
    case 15: status = demands(d, 800, 801); break;
    case 41: status = demands(d, 2800, 2803) || demands(d, 2805, 2805); break;
    case 16: status = demands(d, 1000, 1001); break;
    case 17:
      status = demands(d, 900, 903);
      if (number(d, 907, 0) && number(d, 901, 0) != 0) status = bad("virtual not float", 901);
      break;
  }
  d->final = status == 0;
  return status;
}
int cudnnBackendGetAttribute(struct descriptor *d, int name, int type, L count, L *found, void *out) {
  if (!d->final) return bad("get before finalize", name);
  if (name == 202) { // Two engines, the first of which rounds its inputs.
    if (count < 2) return bad("too few", name);
    for (int i = 0; i < 2; i++) {
      struct descriptor *c = ((struct descriptor **) out)[i];
      c->graph = child(d, 201, 0);
      c->final = 1;
      c->engine = 6 + i;
    }
    *found = 2;
  } else if (name == 300) {
    struct descriptor *e = *(struct descriptor **) out;
    e->final = 1;
    e->engine = d->engine;
    *found = 1;
  } else if (name == 1301) {
    *(L *) out = d->engine;
    *found = 1;
  } else if (name == 1303) {
    *(int *) out = d->engine == 6 ? 1 : 9;
    *found = type == 11 ? 1 : 0;
  } else if (name == 402) {
    *(L *) out = 256;
    *found = 1;
  } else if (name == 405) {
    strncpy(out, "{\"engine\":1}", count);
    *found = 13;
  } else {
    return bad("unknown attribute", name);
  }
  return 0;
}

static struct tensor resolve(struct descriptor *d, struct descriptor *pack, float **inside) {
  struct tensor t = {0};
  L elements = 1;
  for (int i = 0; i < 4; i++) {
    t.dims[i] = number(d, 902, i);
    t.strides[i] = number(d, 903, i);
    elements *= t.dims[i];
  }
  L id = number(d, 906, 0);
  if (number(d, 907, 0)) {
    if (!inside[id]) inside[id] = calloc(elements, 4);
    t.data = inside[id];
  } else {
    struct value *ids = get(pack, 1000);
    for (L i = 0; i < ids->count; i++)
      if (((L *) ids->bytes)[i] == id) t.data = ((float **) get(pack, 1001)->bytes)[i];
  }
  return t;
}

// Attention of [batch, heads, tokens, dim], its scale on the host.
static int attend(struct descriptor *o, struct descriptor *pack, float **inside) {
  struct tensor q = resolve(child(o, 2800, 0), pack, inside);
  struct tensor k = resolve(child(o, 2801, 0), pack, inside);
  struct tensor v = resolve(child(o, 2802, 0), pack, inside);
  struct tensor y = resolve(child(o, 2803, 0), pack, inside);
  struct descriptor *value = child(o, 2805, 0);
  struct tensor scale = resolve(value, pack, inside);
  if (!q.data || !k.data || !v.data || !y.data || !scale.data || number(value, 908, 0) != 1)
    return bad("no pointer in attention", 0);
  for (L b = 0; b < q.dims[0]; b++)
    for (L h = 0; h < q.dims[1]; h++)
      for (L t = 0; t < q.dims[2]; t++) {
        float total = 0, sums[256] = {0};
        for (L s = 0; s < k.dims[2]; s++) {
          float dot = 0;
          for (L d = 0; d < q.dims[3]; d++) dot += *at(&q, b, h, t, d) * *at(&k, b, h, s, d);
          float weight = expf(dot * *scale.data);
          total += weight;
          for (L d = 0; d < q.dims[3]; d++) sums[d] += weight * *at(&v, b, h, s, d);
        }
        for (L d = 0; d < q.dims[3]; d++)
          y.data[b * y.strides[0] + h * y.strides[1] + t * y.strides[2] + d] = sums[d] / total;
      }
  return 0;
}

int cudnnBackendExecute(void *h, struct descriptor *plan, struct descriptor *pack) {
  if (h != HANDLE || !bound_stream || !plan->final || !pack->final) return bad("execute", 0);
  if (!*(void **) get(pack, 1003)->bytes) return bad("no workspace", 1003);
  struct value *operations = get(child(plan, 401, 0)->graph, 801);
  float *inside[16] = {0};
  for (L i = 0; i < operations->count; i++) {
    struct descriptor *o = ((struct descriptor **) operations->bytes)[i];
    if (o->type == 41) {
      int status = attend(o, pack, inside);
      if (status) return status;
      continue;
    }
    int convolution = o->type == 10;
    struct tensor a = resolve(child(o, convolution ? 704 : 751, 0), pack, inside);
    struct tensor b = resolve(child(o, convolution ? 703 : 752, 0), pack, inside);
    struct tensor y = resolve(child(o, convolution ? 705 : 753, 0), pack, inside);
    if (!a.data || !b.data || !y.data) return bad("no pointer in operation", i);
    if (convolution) {
      struct descriptor *c = child(o, 702, 0);
      L stride[] = {number(c, 103, 0), number(c, 103, 1)};
      L before[] = {number(c, 105, 0), number(c, 105, 1)};
      L padded = a.dims[2] + before[0] + number(c, 104, 0);
      if ((padded - b.dims[2]) / stride[0] + 1 != y.dims[2]) return bad("height of result", y.dims[2]);
      if (number(c, 101, 0) != 1 || number(c, 100, 0) != 0) return bad("kind of convolution", 101);
      convolve(&a, &b, &y, stride, before);
    } else {
      add(&a, &b, &y);
    }
  }
  for (int i = 0; i < 16; i++) free(inside[i]);
  return 0;
}

// The legacy interface.

struct convolution { L stride[2], before[2]; int mode, compute, math; };

static int nhwc(struct tensor *t, int format, L n, L c, L h, L w) {
  L dims[] = {n, c, h, w}, strides[] = {h * w * c, 1, w * c, c};
  memcpy(t->dims, dims, sizeof dims);
  memcpy(t->strides, strides, sizeof strides);
  return format == 1 ? 0 : BAD;
}
int cudnnCreateTensorDescriptor(struct tensor **t) { *t = calloc(1, sizeof **t); return 0; }
int cudnnDestroyTensorDescriptor(struct tensor *t) { free(t); return 0; }
int cudnnSetTensor4dDescriptor(struct tensor *t, int format, int type, int n, int c, int h, int w) {
  return type ? BAD : nhwc(t, format, n, c, h, w);
}
int cudnnCreateFilterDescriptor(struct tensor **t) { return cudnnCreateTensorDescriptor(t); }
int cudnnDestroyFilterDescriptor(struct tensor *t) { free(t); return 0; }
int cudnnSetFilter4dDescriptor(struct tensor *t, int type, int format, int k, int c, int r, int s) {
  return type ? BAD : nhwc(t, format, k, c, r, s);
}
int cudnnCreateConvolutionDescriptor(struct convolution **c) { *c = calloc(1, sizeof **c); return 0; }
int cudnnDestroyConvolutionDescriptor(struct convolution *c) { free(c); return 0; }
int cudnnSetConvolution2dDescriptor(struct convolution *c, int ph, int pw, int sh, int sw, int dh,
                                    int dw, int mode, int compute) {
  *c = (struct convolution) {{sh, sw}, {ph, pw}, mode, compute};
  return dh == 1 && dw == 1 && mode == 1 && compute == 0 ? 0 : BAD;
}
int cudnnSetConvolutionMathType(struct convolution *c, int math) { c->math = math; return 0; }
int cudnnGetConvolutionForwardWorkspaceSize(void *h, struct tensor *x, struct tensor *w,
                                            struct convolution *c, struct tensor *y, int algorithm,
                                            size_t *bytes) {
  *bytes = algorithm == 1 ? 1 << 30 : 128;
  return 0;
}
int cudnnConvolutionForward(void *h, const float *alpha, struct tensor *x, float *xp, struct tensor *w,
                            float *wp, struct convolution *c, int algorithm, void *workspace,
                            size_t bytes, const float *beta, struct tensor *y, float *yp) {
  if (!bound_stream || *alpha != 1 || *beta != 0 || algorithm != 0 || !workspace || bytes != 128
      || c->math != 3)
    return BAD;
  x->data = xp;
  w->data = wp;
  y->data = yp;
  convolve(x, w, y, c->stride, c->before);
  return 0;
}
int cudnnAddTensor(void *h, const float *alpha, struct tensor *a, float *ap, const float *beta,
                   struct tensor *y, float *yp) {
  struct tensor from = *a, old = *y, to = *y; // a and y may be one descriptor
  from.data = ap;
  old.data = to.data = yp;
  add(&from, &old, &to);
  return *alpha == 1 && *beta == 1 ? 0 : BAD;
}
