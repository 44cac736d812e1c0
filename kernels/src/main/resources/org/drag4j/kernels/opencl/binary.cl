// y = a fn b, b broadcast to a. The result is `runs` runs of `run` elements; along a run b advances
// by `step` (0 or 1), and where the operand of a run starts is told by three outer loops, innermost
// first. A work-item does a piece of a long run or `each` short ones.
kernel void binary_run(
    global const void *a, long a_at, int a_type, global const void *b, long b_at, int b_type,
    global void *y, long y_at, int y_type, int fn, long runs, long run, int step, int each,
    long piece, long pieces, long count0, long stride0, long count1, long stride1, long count2,
    long stride2) {
  long index = get_global_id(0);
  long from = index % pieces * piece;
  long end = min(run, from + piece);
  long first = index / pieces * each;
  long last = min(runs, first + each);
  for (long r = first; r < last; r++) {
    long rest = r;
    long operand = b_at + rest % count0 * stride0;
    rest /= count0;
    operand += rest % count1 * stride1;
    rest /= count1;
    operand += rest % count2 * stride2;
    V same = step == 0 ? (V)(load(b, operand, b_type)) : (V)(0.0f);
    for (long i = from; i < end; i += W) {
      int n = (int)min((long)W, end - i);
      V right = step == 0 ? same : load_some(b, operand + i, n, b_type, 0);
      V left = load_some(a, a_at + r * run + i, n, a_type, 0);
      store_some(binary(fn, left, right), y, y_at + r * run + i, n, y_type);
    }
  }
}
