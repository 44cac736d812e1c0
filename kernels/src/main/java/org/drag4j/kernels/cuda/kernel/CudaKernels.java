package org.drag4j.kernels.cuda.kernel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.function.ToLongFunction;
import org.drag4j.tensor.DType;

/** Every CUDA kernel, by operation, and the source of each. */
public final class CudaKernels {
  private static final String FOLDER = "/org/drag4j/kernels/cuda/";
  private static final List<CudaKernel<?>> ALL = new ArrayList<>();

  /** Numbers a thread moves at a time. */
  private static final int WIDE = 8;

  // As in matmul.cuh.
  private static final int SHARED_128 = 128 * (128 + 4) * Float.BYTES;
  private static final int SHARED_64 = 4 * (64 + 64) * (32 + 8) * 2;
  private static final int SHARED_FMA = 64 * (64 + 4) * Float.BYTES;

  /** One operation in both storage formats. */
  public record Pair<A extends Record>(CudaKernel<A> f16, CudaKernel<A> f32) {
    /**
     * The kernel for one format.
     *
     * @throws IllegalArgumentException if there is none
     */
    public CudaKernel<A> of(DType type) {
      return switch (type) {
        case F16 -> f16;
        case F32 -> f32;
        default ->
            throw new IllegalArgumentException(
                f16.file() + ": expected F16 or F32, got " + type + "; cast it first");
      };
    }
  }

  /** {@code [m, k]} times {@code [n, k]} transposed. */
  public static final CudaKernel<GemmArgs> GEMM_NT_F16_128 =
      gemm("gemm_nt_f16_mma_128x128", 128, 256, SHARED_128);

  /** {@code [m, k]} times {@code [n, k]} transposed. */
  public static final CudaKernel<GemmArgs> GEMM_NT_F16_64 =
      gemm("gemm_nt_f16_mma_64x64", 64, 128, SHARED_64);

  /** {@code [m, k]} times {@code [n, k]} transposed, any alignment. */
  public static final CudaKernel<GemmArgs> GEMM_NT_F16_ANY =
      gemm("gemm_nt_f16_mma_any", 64, 128, SHARED_64);

  /** {@code [m, k]} times {@code [k, n]}. */
  public static final CudaKernel<GemmArgs> GEMM_NN_F16_64 =
      gemm("gemm_nn_f16_mma_64x64", 64, 128, SHARED_64);

  /** {@code [m, k]} times {@code [k, n]}, any alignment. */
  public static final CudaKernel<GemmArgs> GEMM_NN_F16_ANY =
      gemm("gemm_nn_f16_mma_any", 64, 128, SHARED_64);

  /** {@code [m, k]} times {@code [n, k]} transposed, the result in F32; no epilogue. */
  public static final CudaKernel<GemmArgs> GEMM_NT_F16_F32_64 =
      gemm("gemm_nt_f16_f32_mma_64x64", 64, 128, SHARED_64);

  /** {@code [m, k]} times {@code [n, k]} transposed, the result in F32, any alignment. */
  public static final CudaKernel<GemmArgs> GEMM_NT_F16_F32_ANY =
      gemm("gemm_nt_f16_f32_mma_any", 64, 128, SHARED_64);

  /** {@code [m, k]} times {@code [n, k]} transposed in F32. */
  public static final CudaKernel<GemmArgs> GEMM_NT_F32 =
      gemm("gemm_nt_f32_fma_64x64", 64, 256, SHARED_FMA);

  /** {@code [m, k]} times {@code [k, n]} in F32. */
  public static final CudaKernel<GemmArgs> GEMM_NN_F32 =
      gemm("gemm_nn_f32_fma_64x64", 64, 256, SHARED_FMA);

  /** The sum of the parts of a product whose {@code k} was split. */
  public static final Pair<ReduceArgs> REDUCE =
      pair(
          "reduce",
          "reduce.cu",
          ReduceArgs.class,
          256,
          _ -> 0,
          a ->
              new Grid(covering((long) a.p().m() * Math.ceilDiv(a.p().n(), WIDE)), a.batches(), 1));

  /** Convolution. */
  public static final CudaKernel<Conv2dArgs> CONV2D_F16_128 =
      conv2d("conv2d_f16_mma_128x128", 128, 256, SHARED_128);

  /** Convolution. */
  public static final CudaKernel<Conv2dArgs> CONV2D_F16_64 =
      conv2d("conv2d_f16_mma_64x64", 64, 128, SHARED_64);

  /** Convolution, any channels and alignment. */
  public static final CudaKernel<Conv2dArgs> CONV2D_F16_ANY =
      conv2d("conv2d_f16_mma_any", 64, 128, SHARED_64);

  /** Convolution in F32. */
  public static final CudaKernel<Conv2dArgs> CONV2D_F32 =
      conv2d("conv2d_f32_fma_64x64", 64, 256, SHARED_FMA);

  /** Attention in F16, in the order of {@link #HEADS}: plain, masked, padded. */
  private static final List<List<CudaKernel<AttentionArgs>>> ATTENTION_F16 = new ArrayList<>();

  /** Head sizes with kernels of their own. */
  private static final List<Integer> HEADS = List.of(40, 64, 80, 160);

  static {
    for (int d : HEADS) {
      int keys = d == 160 ? 32 : 64;
      int queries = d == 40 ? 128 : 64;
      int stride = d / 8 % 2 == 1 ? d : d + 8;
      int shared = 2 * 3 * keys * stride * 2;
      var name = "attention_f16_flash_d" + d;
      ATTENTION_F16.add(
          List.of(
              attention(name, queries, shared),
              attention(name + "_masked", queries, shared),
              attention(name + "_padded", 64, shared)));
    }
  }

  /** Attention in F32, heads of up to 64. */
  public static final CudaKernel<AttentionArgs> ATTENTION_F32_64 = attentionF32(64);

  /** Attention in F32, heads of up to 160. */
  public static final CudaKernel<AttentionArgs> ATTENTION_F32_160 = attentionF32(160);

  /** Softmax of rows. */
  public static final Pair<SoftmaxArgs> SOFTMAX =
      new Pair<>(softmax("softmax_f16"), softmax("softmax_f32"));

  /** Softmax of rows of F32 to F16. */
  public static final CudaKernel<SoftmaxArgs> SOFTMAX_F32_F16 = softmax("softmax_f32_f16");

  /** Layer norm. */
  public static final Pair<LayerNormArgs> LAYER_NORM =
      pair(
          "layer_norm",
          "layer_norm.cu",
          LayerNormArgs.class,
          128,
          _ -> 0,
          a -> Grid.covering(a.rows(), 4));

  /** The first kernel of a group norm: statistics of slabs. */
  public static final Pair<GroupNormArgs> GROUP_NORM_MOMENTS =
      pair(
          "group_norm_moments",
          "group_norm.cu",
          GroupNormArgs.class,
          256,
          a -> (2 * a.channels() + 2 * WIDE * 256) * Float.BYTES,
          a -> new Grid(a.slabs(), a.images(), 1));

  /** The second kernel of a group norm: the result. */
  public static final Pair<GroupNormArgs> GROUP_NORM_APPLY =
      pair(
          "group_norm_apply",
          "group_norm.cu",
          GroupNormArgs.class,
          256,
          a -> 3 * a.channels() * Float.BYTES,
          a -> {
            long items = (long) a.positions() * Math.ceilDiv(a.channels(), WIDE);
            // Every block prepares all channels, so each thread should have several items.
            return new Grid(Math.clamp(Math.ceilDiv(items, 4L * 256), 1, 528), a.images(), 1);
          });

  /** Gated GELU. */
  public static final Pair<GegluArgs> GEGLU =
      wide("geglu", GegluArgs.class, a -> chunks(a.rows(), a.n()));

  /** Elementwise functions. */
  public static final Pair<UnaryArgs> UNARY =
      wide("unary", UnaryArgs.class, a -> Math.ceilDiv(a.n(), WIDE));

  /** Sums and products with a broadcast operand. */
  public static final Pair<BinaryArgs> BINARY =
      wide("binary", BinaryArgs.class, a -> chunks(a.n() / a.d3(), a.d3()));

  /** Copies into columns of a wider matrix. */
  public static final Pair<ConcatArgs> CONCAT =
      wide("concat", ConcatArgs.class, a -> chunks(a.rows(), a.n()));

  /** Nearest-neighbour resize. */
  public static final Pair<UpsampleArgs> UPSAMPLE =
      wide(
          "upsample",
          UpsampleArgs.class,
          a -> chunks((long) a.images() * a.outHeight() * a.outWidth(), a.channels()));

  /** Rows of a table. */
  public static final Pair<EmbeddingArgs> EMBEDDING =
      wide("embedding", EmbeddingArgs.class, a -> chunks(a.count(), a.n()));

  /** Sinusoidal embedding of timesteps. */
  public static final Pair<TimestepEmbeddingArgs> TIMESTEP_EMBEDDING =
      pair(
          "timestep_embedding",
          "timestep_embedding.cu",
          TimestepEmbeddingArgs.class,
          128,
          _ -> 0,
          a -> Grid.covering((long) a.n() * a.dim(), 128));

  /** A step back with paste and mask; the format is the network's, latents are F32. */
  public static final Pair<LatentUpdateArgs> LATENT_UPDATE =
      latent("latent_update", LatentUpdateArgs.class, a -> (long) a.cells() * a.channels());

  /** The noise of the steps out. */
  public static final Pair<LatentRecoverArgs> LATENT_RECOVER =
      latent("latent_recover", LatentRecoverArgs.class, a -> (long) a.size() * a.count());

  /** The steps out. */
  public static final Pair<LatentNoiseArgs> LATENT_NOISE =
      latent("latent_noise", LatentNoiseArgs.class, a -> (long) a.cells() * a.channels());

  /** Noise on the handle cells. */
  public static final CudaKernel<LatentHandleArgs> LATENT_HANDLE =
      kernel(
          "latent_handle_f32",
          "latent.cu",
          LatentHandleArgs.class,
          256,
          _ -> 0,
          a -> Grid.covering((long) a.cells() * a.channels(), 256));

  /** A picture to the encoder's values. */
  public static final Pair<ImageInArgs> IMAGE_IN =
      pair(
          "image_in",
          "image.cu",
          ImageInArgs.class,
          256,
          _ -> 0,
          a -> Grid.covering((long) a.pixels() * a.ldy(), 256));

  /** The decoder's values to a picture. */
  public static final Pair<ImageOutArgs> IMAGE_OUT =
      pair(
          "image_out",
          "image.cu",
          ImageOutArgs.class,
          256,
          _ -> 0,
          a -> Grid.covering(3L * a.pixels(), 256));

  /** PyTorch's CUDA generator of normal numbers. */
  public static final Pair<PhiloxNormalArgs> PHILOX_NORMAL =
      pair(
          "philox_normal",
          "philox_normal.cu",
          PhiloxNormalArgs.class,
          256,
          _ -> 0,
          a -> new Grid(a.blocks(), 1, 1));

  /** A cast to each format from the other. */
  public static final Pair<CastArgs> CAST =
      wide("cast", CastArgs.class, a -> Math.ceilDiv(a.n(), WIDE));

  private CudaKernels() {}

  /** Every kernel. */
  public static List<CudaKernel<?>> all() {
    return List.copyOf(ALL);
  }

  /**
   * The kernel for this call of attention.
   *
   * @throws IllegalArgumentException if heads are larger than 160 or the format is neither F16 nor
   *     F32; larger heads are two products and a softmax
   */
  public static CudaKernel<AttentionArgs> attention(DType type, AttentionArgs a) {
    if (a.dim() < 1 || a.dim() > 160 || (type != DType.F16 && type != DType.F32)) {
      throw new IllegalArgumentException(
          "attention: expected F16 or F32 and heads of 1 to 160, got "
              + type
              + " and "
              + a.dim()
              + "; take products and a softmax for larger heads");
    }
    if (type == DType.F32) {
      return a.dim() <= 64 ? ATTENTION_F32_64 : ATTENTION_F32_160;
    }
    int i = 0;
    while (HEADS.get(i) < a.dim()) {
      i++;
    }
    var variants = ATTENTION_F16.get(i);
    boolean aligned =
        HEADS.get(i) == a.dim()
            && aligned(a.q(), a.batchQ(), a.ldq())
            && aligned(a.y(), a.batchY(), a.ldy())
            && (a.bankStep() & 7) == 0
            && aligned(a.keys())
            && aligned(a.extra())
            && aligned(a.bank());
    if (!aligned) {
      return variants.get(2);
    }
    int tile = a.dim() == 160 ? 32 : 64;
    boolean plain =
        a.causal() == 0 && a.select() == 0 && a.extra().k() == 0 && a.keys().count() % tile == 0;
    return variants.get(plain ? 0 : 1);
  }

  /** The kernel for this product with a {@code [n, k]} operand, as a linear layer's weight is. */
  public static CudaKernel<GemmArgs> gemmNt(DType type, GemmArgs a) {
    if (type == DType.F32) {
      return GEMM_NT_F32;
    }
    if (!alignedOperands(a) || (a.p().k() & 7) != 0) {
      return GEMM_NT_F16_ANY;
    }
    return large(a.p(), a.batches()) ? GEMM_NT_F16_128 : GEMM_NT_F16_64;
  }

  /** The kernel for this product with a {@code [k, n]} operand, as values are. */
  public static CudaKernel<GemmArgs> gemmNn(DType type, GemmArgs a) {
    if (type == DType.F32) {
      return GEMM_NN_F32;
    }
    boolean aligned = alignedOperands(a) && (a.p().k() & 7) == 0 && (a.p().n() & 7) == 0;
    return aligned ? GEMM_NN_F16_64 : GEMM_NN_F16_ANY;
  }

  /** The kernel for this product of queries and keys, whose result is in F32. */
  public static CudaKernel<GemmArgs> scores(DType type, GemmArgs a) {
    if (type == DType.F32) {
      return GEMM_NT_F32;
    }
    boolean aligned = alignedOperands(a) && (a.p().k() & 7) == 0;
    return aligned ? GEMM_NT_F16_F32_64 : GEMM_NT_F16_F32_ANY;
  }

  /** The kernel for this convolution. */
  public static CudaKernel<Conv2dArgs> conv2d(DType type, Conv2dArgs a) {
    if (type == DType.F32) {
      return CONV2D_F32;
    }
    boolean aligned =
        (a.channels() & 7) == 0
            && (a.channels1() & 7) == 0
            && aligned(a.x(), 0, a.ldx())
            && aligned(a.x2(), 0, a.ldx2())
            && aligned(a.w(), 0, 0);
    if (!aligned) {
      return CONV2D_F16_ANY;
    }
    return large(a.p(), 1) ? CONV2D_F16_128 : CONV2D_F16_64;
  }

  /** Parts a group norm's positions are cut into: enough for every multiprocessor, none tiny. */
  public static int groupNormSlabs(int images, int positions) {
    return Math.clamp(Math.ceilDiv(positions, 16), 1, Math.max(1, 256 / images));
  }

  /** The sources, one an operation. */
  public static List<String> files() {
    return ALL.stream().map(CudaKernel::file).distinct().sorted().toList();
  }

  /**
   * A source with our headers in it, so that a compiler needs nothing else.
   *
   * @throws IllegalArgumentException if there is none of this name
   */
  public static String source(String file) {
    var text = new StringBuilder();
    append(file, text, new HashSet<>());
    return text.toString();
  }

  private static void append(String file, StringBuilder text, Set<String> seen) {
    if (!seen.add(file)) {
      return;
    }
    read(file)
        .lines()
        .filter(line -> !line.equals("#pragma once"))
        .forEach(line -> {
          if (line.startsWith("#include \"")) {
            append(line.substring(10, line.lastIndexOf('"')), text, seen);
          } else {
            text.append(line).append('\n');
          }
        });
  }

  private static String read(String file) {
    try (var in = CudaKernels.class.getResourceAsStream(FOLDER + file)) {
      if (in == null) {
        throw new IllegalArgumentException(
            file + ": expected a kernel source, got none; see CudaKernels.files()");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether tiles of 128x128 would keep the multiprocessors busy. */
  private static boolean large(Product p, int batches) {
    long tiles = (long) Math.ceilDiv(p.m(), 128) * Math.ceilDiv(p.n(), 128) * batches;
    return tiles * p.splits() >= 96;
  }

  private static boolean alignedOperands(GemmArgs a) {
    return aligned(a.a(), a.batchA(), a.lda()) && aligned(a.b(), a.batchB(), a.ldb());
  }

  private static boolean aligned(KeySet set) {
    return set.k() == 0
        || (aligned(set.k(), set.batchK(), set.ldk()) && aligned(set.v(), set.batchV(), set.ldv()));
  }

  /** Whether every row of halves starts at a multiple of 16 bytes. */
  private static boolean aligned(long address, long batch, int row) {
    return (address & 15) == 0 && (batch & 7) == 0 && (row & 7) == 0;
  }

  private static long chunks(long rows, int n) {
    return rows * Math.ceilDiv(n, WIDE);
  }

  private static int covering(long items) {
    return Grid.covering(items, 256).x();
  }

  private static CudaKernel<GemmArgs> gemm(String name, int tile, int threads, int shared) {
    return kernel(
        name,
        "gemm.cu",
        GemmArgs.class,
        threads,
        _ -> shared,
        a -> tiles(a.p(), tile, Math.multiplyExact(a.batches(), a.p().splits())));
  }

  private static CudaKernel<Conv2dArgs> conv2d(String name, int tile, int threads, int shared) {
    return kernel(
        name,
        "conv2d.cu",
        Conv2dArgs.class,
        threads,
        _ -> shared,
        a -> tiles(a.p(), tile, a.p().splits()));
  }

  private static Grid tiles(Product p, int tile, int z) {
    return new Grid(Math.ceilDiv(p.m(), tile), Math.ceilDiv(p.n(), tile), z);
  }

  private static CudaKernel<AttentionArgs> attention(String name, int queries, int shared) {
    return kernel(
        name,
        "attention.cu",
        AttentionArgs.class,
        128,
        _ -> shared,
        a -> new Grid(Math.ceilDiv(a.queries(), queries), a.heads(), a.images()));
  }

  private static CudaKernel<AttentionArgs> attentionF32(int d) {
    int shared = (2 * 32 * (d + 1) + 16 * d + 16 * 32) * Float.BYTES;
    return attention("attention_f32_flash_d" + d, 16, shared);
  }

  private static CudaKernel<SoftmaxArgs> softmax(String name) {
    return kernel(
        name,
        "softmax.cu",
        SoftmaxArgs.class,
        256,
        _ -> 256 / 32 * Float.BYTES,
        a -> new Grid(a.rows(), 1, 1));
  }

  /** A kernel of 256 threads a block, one thread for each chunk. */
  private static <A extends Record> Pair<A> wide(
      String name, Class<A> type, ToLongFunction<A> chunks) {
    return pair(
        name, name + ".cu", type, 256, _ -> 0, a -> Grid.covering(chunks.applyAsLong(a), 256));
  }

  private static <A extends Record> Pair<A> latent(
      String name, Class<A> type, ToLongFunction<A> items) {
    return pair(
        name, "latent.cu", type, 256, _ -> 0, a -> Grid.covering(items.applyAsLong(a), 256));
  }

  private static <A extends Record> Pair<A> pair(
      String name,
      String file,
      Class<A> type,
      int threads,
      ToIntFunction<A> shared,
      Function<A, Grid> grid) {
    return new Pair<>(
        kernel(name + "_f16", file, type, threads, shared, grid),
        kernel(name + "_f32", file, type, threads, shared, grid));
  }

  private static <A extends Record> CudaKernel<A> kernel(
      String name,
      String file,
      Class<A> type,
      int threads,
      ToIntFunction<A> shared,
      Function<A, Grid> grid) {
    var kernel = new CudaKernel<>(name, file, ArgumentLayout.of(type), threads, shared, grid);
    ALL.add(kernel);
    return kernel;
  }
}
