// Sines and cosines of the timesteps t at the given frequencies; a last odd element is 0.
kernel void timestep_embedding_row(
    global const void *t, long t_at, int t_type, global const float *frequencies, global void *y,
    long y_at, int y_type, int dim, int sines, int cosines) {
  int i = get_global_id(0);
  long n = get_global_id(1);
  int half_dim = dim / 2;
  long row = y_at + n * dim;
  if (i < half_dim) {
    float angle = load(t, t_at + n, t_type) * frequencies[i];
    store(sin(angle), y, row + sines + i, y_type);
    store(cos(angle), y, row + cosines + i, y_type);
  } else if (i == half_dim && dim % 2 != 0) {
    store(0, y, row + dim - 1, y_type);
  }
}
