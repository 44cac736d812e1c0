// A matrix [columns][inner][taps] of 16-bit or 32-bit elements as panels [panel][taps][inner][width];
// what a last panel is short of is 0. A work-item does `each` of the inner numbers of a panel.
#define PACK(NAME, T) \
  kernel void NAME( \
      global const T *x, long x_at, int x_type, global T *y, long y_at, int y_type, int columns, int inner, int taps, int width, int each) { \
    int from = (int)get_global_id(0) * each; \
    int end = min(inner, from + each); \
    int panel = get_global_id(1); \
    int first = panel * width; \
    int count = min(width, columns - first); \
    global T *to = y + y_at + (long)panel * taps * inner * width; \
    for (int tap = 0; tap < taps; tap++) { \
      for (int i = from; i < end; i++) { \
        global T *row = to + ((long)tap * inner + i) * width; \
        for (int c = 0; c < width; c++) { \
          row[c] = c < count ? x[x_at + ((long)(first + c) * inner + i) * taps + tap] : (T)0; \
        } \
      } \
    } \
  }
PACK(pack_16, ushort)
PACK(pack_32, uint)
