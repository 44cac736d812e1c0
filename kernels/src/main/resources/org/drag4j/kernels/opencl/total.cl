// Sums over a work-group of L (on a processor, over the lanes of a vector).

// Kernels get the memory for it as an argument: PoCL 3.1 makes an array of their own that functions
// hand on to others a static one, which work-groups running at the same time then share.

#if W == 16
#define L 1
#define SHARED
#else
#define L 64
#define SHARED , local float *shared

#ifdef SUB_GROUPS
static float total(float x, local float *shared) {
  float part = sub_group_reduce_add(x);
  barrier(CLK_LOCAL_MEM_FENCE);
  if (get_sub_group_local_id() == 0) {
    shared[get_sub_group_id()] = part;
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  float sum = 0;
  for (uint i = 0; i < get_num_sub_groups(); i++) {
    sum += shared[i];
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  return sum;
}
#else
static float total(float x, local float *shared) {
  int me = get_local_id(0);
  shared[me] = x;
  for (int half_way = L / 2; half_way > 0; half_way /= 2) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (me < half_way) {
      shared[me] += shared[me + half_way];
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  float sum = shared[0];
  barrier(CLK_LOCAL_MEM_FENCE);
  return sum;
}
#endif
#endif
