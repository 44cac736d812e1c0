package org.drag4j.kernels.cuda;

import java.util.Optional;
import org.drag4j.device.Kernel;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.kernel.AttentionArgs;
import org.drag4j.kernels.cuda.kernel.CudaKernels;
import org.drag4j.kernels.cuda.kernel.Epilogue;
import org.drag4j.kernels.cuda.kernel.GemmArgs;
import org.drag4j.kernels.cuda.kernel.KeySet;
import org.drag4j.kernels.cuda.kernel.Product;
import org.drag4j.kernels.cuda.kernel.SoftmaxArgs;
import org.drag4j.tensor.DType;

/**
 * Scaled dot-product attention: one fused kernel for heads of up to 160, two products and a softmax
 * for larger ones.
 */
final class AttentionCuda {
  /** Name of the variant that is one kernel. */
  static final String FLASH = "flash";

  /** Largest head of the fused kernels. */
  private static final int MAX_DIM = 160;

  /** Most bytes of scores at a time; one row of every head is computed in any case. */
  private static final long SCORES = 64L << 20;

  private static final KeySet NO_KEYS = new KeySet(0, 0, 0, 0, 0, 0, 0, 0);

  private final int heads;
  private final boolean causal;
  private final int images;
  private final int queries;
  private final int keys;
  private final int width;
  private final int dim;

  private AttentionCuda(Value node, Op.Attention op) {
    heads = op.heads();
    causal = op.causal();
    images = node.shape().dim(0);
    queries = node.shape().dim(1);
    keys = node.in(1).shape().dim(1);
    width = node.shape().dim(2);
    dim = width / heads;
  }

  /** One fused kernel, or else products; empty where heads are too large for it. */
  static Optional<Kernel> select(CudaBackend backend, Value node, String variant) {
    if (!(node.op() instanceof Op.Attention op)) {
      return Optional.empty();
    }
    var a = new AttentionCuda(node, op);
    if (!variant.equals(FLASH)) {
      return Prepared.of(
          backend, node, variant, a.scratchBytes(backend.activations()), a::products);
    }
    return a.dim <= MAX_DIM ? Prepared.of(backend, node, variant, a::flash) : Optional.empty();
  }

  private void flash(CudaCalls calls) {
    long batchKeys = (long) keys * width;
    long batchQueries = (long) queries * width;
    var bank = calls.bank(1).filter(_ -> calls.bank(2).isPresent());
    long k = bank.map(CudaCalls.Banked::all).orElseGet(() -> calls.in(1));
    long v =
        bank.flatMap(_ -> calls.bank(2)).map(CudaCalls.Banked::all).orElseGet(() -> calls.in(2));
    var set = new KeySet(k, v, batchKeys, batchKeys, width, width, keys, 1);
    var args =
        new AttentionArgs(
            calls.in(0),
            calls.out(),
            0,
            bank.map(CudaCalls.Banked::first).orElse(0L),
            bank.map(CudaCalls.Banked::sample).orElse(0L),
            batchQueries,
            batchQueries,
            set,
            NO_KEYS,
            NO_KEYS,
            queries,
            width,
            width,
            dim,
            causal ? 1 : 0,
            heads,
            images,
            (float) (1 / Math.sqrt(dim) / Math.log(2)));
    calls.add(CudaKernels.attention(calls.type(), args), args);
  }

  /**
   * Queries computed at a time; a causal query has its own number of keys, so it is computed alone.
   */
  private int rows() {
    if (causal) {
      return 1;
    }
    long each = (long) Float.BYTES * heads * keys;
    return Math.clamp(SCORES / Math.max(1, each), 1, Math.max(1, queries));
  }

  private long scoresBytes() {
    return (long) Float.BYTES * heads * rows() * keys;
  }

  /** Bytes of the scores, and of the probabilities where these have another type. */
  private long scratchBytes(DType type) {
    return type == DType.F32 ? scoresBytes() : scoresBytes() + scoresBytes() / 2;
  }

  private void products(CudaCalls calls) {
    for (int image = 0; image < images; image++) {
      for (int first = 0; first < queries; first += rows()) {
        products(calls, image, first, Math.min(rows(), queries - first));
      }
    }
  }

  private void products(CudaCalls calls, int image, int first, int rows) {
    var type = calls.type();
    long each = type.bytes();
    long fromQuery = ((long) image * queries + first) * width * each;
    long fromKey = (long) image * keys * width * each;
    long scores = calls.scratch();
    long weights = type == DType.F32 ? scores : scores + scoresBytes();
    int seen = causal ? Math.min(first + 1, keys) : keys;
    long area = (long) rows * seen;
    float scale = (float) (1 / Math.sqrt(dim));
    var dots = new Product(scores, 0, 0, Epilogue.NONE, rows, seen, dim, seen, 1, scale);
    var byKeys =
        new GemmArgs(
            dots,
            calls.in(0) + fromQuery,
            calls.in(1) + fromKey,
            dim,
            dim,
            area,
            width,
            width,
            heads);
    calls.add(CudaKernels.scores(type, byKeys), byKeys);
    var softmax = type == DType.F32 ? CudaKernels.SOFTMAX.f32() : CudaKernels.SOFTMAX_F32_F16;
    calls.add(softmax, new SoftmaxArgs(scores, weights, heads * rows, seen, seen, seen));
    var sums =
        new Product(calls.out() + fromQuery, 0, 0, Epilogue.NONE, rows, dim, seen, width, 1, 1);
    var byValues =
        new GemmArgs(sums, weights, calls.in(2) + fromKey, area, dim, dim, seen, width, heads);
    calls.add(CudaKernels.gemmNn(type, byValues), byValues);
  }
}
