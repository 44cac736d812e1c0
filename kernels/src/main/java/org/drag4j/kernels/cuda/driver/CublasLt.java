package org.drag4j.kernels.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import org.drag4j.device.DeviceException;
import org.drag4j.tensor.DType;

/** Matrix products by cuBLASLt; bias and residual are added by the product itself. */
public final class CublasLt implements Library {
  private static final int SUCCESS = 0;
  private static final int NOT_SUPPORTED = 15;

  private static final int COMPUTE_32F = 68;
  private static final int OP_N = 0;
  private static final int OP_T = 1;
  private static final int EPILOGUE_BIAS = 4;

  private static final int DESC_TRANSA = 3;
  private static final int DESC_TRANSB = 4;
  private static final int DESC_EPILOGUE = 7;
  private static final int DESC_BIAS_POINTER = 8;
  private static final int DESC_BIAS_DATA_TYPE = 26;
  private static final int LAYOUT_BATCH_COUNT = 5;
  private static final int LAYOUT_STRIDED_BATCH_OFFSET = 6;
  private static final int PREF_MAX_WORKSPACE_BYTES = 1;
  private static final int PREF_REDUCTION_SCHEME_MASK = 3;
  private static final int PREF_MIN_ALIGNMENT_A = 5; // then B, C, D
  private static final int ALGO_ID = 0;
  private static final int ALGO_SPLIT_K = 2;

  /** Parts of a sum are added in float32, never in the format of the result. */
  private static final int REDUCTION_SCHEME_COMPUTE_TYPE = 2;

  /** Every tensor of a plan starts at a multiple of this. */
  private static final int ALIGNMENT = 16;

  private static final long RESULT_BYTES = 96; // cublasLtMatmulHeuristicResult_t
  private static final long RESULT_WORKSPACE = 64;
  private static final long RESULT_STATE = 72;

  private final MethodHandle descCreate;
  private final MethodHandle descSet;
  private final MethodHandle descDestroy;
  private final MethodHandle layoutCreate;
  private final MethodHandle layoutSet;
  private final MethodHandle layoutDestroy;
  private final MethodHandle preferenceCreate;
  private final MethodHandle preferenceSet;
  private final MethodHandle preferenceDestroy;
  private final MethodHandle heuristic;
  private final MethodHandle matmul;
  private final MethodHandle algorithmGet;
  private final MethodHandle destroy;
  private final MemorySegment handle;

  private CublasLt(SymbolLookup library, MemorySegment handle) {
    this.handle = handle;
    var p = ADDRESS;
    var i = JAVA_INT;
    var l = JAVA_LONG;
    descCreate = Native.status(library, "cublasLtMatmulDescCreate", p, i, i);
    descSet = Native.status(library, "cublasLtMatmulDescSetAttribute", p, i, p, l);
    descDestroy = Native.status(library, "cublasLtMatmulDescDestroy", p);
    layoutCreate = Native.status(library, "cublasLtMatrixLayoutCreate", p, i, l, l, l);
    layoutSet = Native.status(library, "cublasLtMatrixLayoutSetAttribute", p, i, p, l);
    layoutDestroy = Native.status(library, "cublasLtMatrixLayoutDestroy", p);
    preferenceCreate = Native.status(library, "cublasLtMatmulPreferenceCreate", p);
    preferenceSet = Native.status(library, "cublasLtMatmulPreferenceSetAttribute", p, i, p, l);
    preferenceDestroy = Native.status(library, "cublasLtMatmulPreferenceDestroy", p);
    heuristic =
        Native.status(library, "cublasLtMatmulAlgoGetHeuristic", p, p, p, p, p, p, p, i, p, p);
    matmul =
        Native.status(library, "cublasLtMatmul", p, p, p, l, p, l, p, p, l, p, l, p, p, l, l, l);
    algorithmGet = Native.status(library, "cublasLtMatmulAlgoConfigGetAttribute", p, i, p, l, p);
    destroy = Native.status(library, "cublasLtDestroy", p);
  }

  /**
   * Starts cuBLASLt in the current context.
   *
   * @throws DeviceException where it refuses, as it does without a device
   */
  public static CublasLt open(LibraryProbe.Loaded library) {
    var create = Native.status(library.symbols(), "cublasLtCreate", ADDRESS);
    try (var arena = Arena.ofConfined()) {
      var out = arena.allocate(ADDRESS);
      check(Native.call(create, out), "cublasLtCreate");
      return new CublasLt(library.symbols(), out.get(ADDRESS, 0));
    }
  }

  @Override
  public String name() {
    return "cublaslt";
  }

  @Override
  public Offer<Operation> prepare(Spec spec, long workspaceLimit) {
    return spec instanceof MatmulSpec s
        ? prepare(s, workspaceLimit)
        : new Offer.Refused<>("products are all it does");
  }

  private Offer<Operation> prepare(MatmulSpec spec, long workspaceLimit) {
    var product = new Product(spec);
    try {
      if (product.choose(workspaceLimit)) {
        return new Offer.Ready<>(product);
      }
    } catch (RuntimeException | Error e) {
      product.close();
      throw e;
    }
    product.close();
    return new Offer.Refused<>(
        "cublasLtMatmulAlgoGetHeuristic proposes no algorithm within "
            + (workspaceLimit >> 20)
            + " MB of workspace");
  }

  @Override
  public void close() {
    check(Native.call(destroy, handle), "cublasLtDestroy");
  }

  private static void check(int status, String call) {
    if (status != SUCCESS) {
      throw new DeviceException("cublaslt: " + call + ": " + statusName(status));
    }
  }

  /** {@code cublasStatus_t}. */
  static String statusName(int status) {
    return switch (status) {
      case 1 -> "CUBLAS_STATUS_NOT_INITIALIZED";
      case 3 -> "CUBLAS_STATUS_ALLOC_FAILED";
      case 7 -> "CUBLAS_STATUS_INVALID_VALUE";
      case 8 -> "CUBLAS_STATUS_ARCH_MISMATCH";
      case 11 -> "CUBLAS_STATUS_MAPPING_ERROR";
      case 13 -> "CUBLAS_STATUS_EXECUTION_FAILED";
      case 14 -> "CUBLAS_STATUS_INTERNAL_ERROR";
      case NOT_SUPPORTED -> "CUBLAS_STATUS_NOT_SUPPORTED";
      default -> "cublasStatus_t " + status;
    };
  }

  /** {@code cudaDataType_t}. */
  static int cudaType(DType dtype) {
    return switch (dtype) {
      case F32 -> 0;
      case F16 -> 2;
      case BF16 -> 14;
      case F64, I32, I64, U8 ->
          throw new IllegalArgumentException("matmul: expected F16, BF16 or F32, got " + dtype);
    };
  }

  /**
   * One product. cuBLAS is column major, which a row-major matrix is when transposed: it computes
   * {@code d' [N, M] = b' a'}, so that {@code b} is its first operand.
   */
  private final class Product implements Operation {
    private final Arena arena = Arena.ofShared();
    private final MatmulSpec spec;
    private final MemorySegment scale;
    private final MemorySegment beta;
    private final MemorySegment result;
    private final MemorySegment biasPointer;
    private MemorySegment desc = MemorySegment.NULL;
    private MemorySegment first = MemorySegment.NULL;
    private MemorySegment second = MemorySegment.NULL;
    private MemorySegment target = MemorySegment.NULL;
    private long boundBias;

    Product(MatmulSpec spec) {
      this.spec = spec;
      scale = arena.allocateFrom(JAVA_FLOAT, spec.scale());
      beta = arena.allocateFrom(JAVA_FLOAT, spec.residual() ? 1f : 0f);
      result = arena.allocate(RESULT_BYTES, 16);
      biasPointer = arena.allocate(JAVA_LONG);
    }

    /** Asks cuBLASLt for its best algorithm; false where it has none. */
    boolean choose(long workspaceLimit) {
      int type = cudaType(spec.dtype());
      var out = arena.allocate(ADDRESS);
      check(Native.call(descCreate, out, COMPUTE_32F, cudaType(DType.F32)), "MatmulDescCreate");
      desc = out.get(ADDRESS, 0);
      set(descSet, desc, DESC_TRANSA, spec.transposeB() ? OP_T : OP_N);
      set(descSet, desc, DESC_TRANSB, OP_N);
      if (spec.bias()) {
        set(descSet, desc, DESC_EPILOGUE, EPILOGUE_BIAS);
        set(descSet, desc, DESC_BIAS_DATA_TYPE, type);
        // Not followed before a product runs, but its alignment counts in the choice.
        setLong(descSet, desc, DESC_BIAS_POINTER, ALIGNMENT);
      }
      first =
          spec.transposeB()
              ? layout(type, spec.k(), spec.n(), spec.ldb(), spec.strideB())
              : layout(type, spec.n(), spec.k(), spec.ldb(), spec.strideB());
      second = layout(type, spec.k(), spec.m(), spec.lda(), spec.strideA());
      target = layout(type, spec.n(), spec.m(), spec.ldd(), spec.strideD());
      check(Native.call(preferenceCreate, out), "MatmulPreferenceCreate");
      var preference = out.get(ADDRESS, 0);
      try {
        setLong(preferenceSet, preference, PREF_MAX_WORKSPACE_BYTES, workspaceLimit);
        set(preferenceSet, preference, PREF_REDUCTION_SCHEME_MASK, REDUCTION_SCHEME_COMPUTE_TYPE);
        long[] strides = {spec.strideB(), spec.strideA(), spec.strideD(), spec.strideD()};
        for (int operand = 0; operand < strides.length; operand++) {
          int alignment = alignment(strides[operand]);
          set(preferenceSet, preference, PREF_MIN_ALIGNMENT_A + operand, alignment);
        }
        var found = arena.allocate(JAVA_INT);
        int status =
            Native.call(
                heuristic,
                handle,
                desc,
                first,
                second,
                target,
                target,
                preference,
                1,
                result,
                found);
        if (status == NOT_SUPPORTED) {
          return false;
        }
        check(status, "MatmulAlgoGetHeuristic");
        return found.get(JAVA_INT, 0) > 0 && result.get(JAVA_INT, RESULT_STATE) == SUCCESS;
      } finally {
        Native.call(preferenceDestroy, preference);
      }
    }

    /** What every matrix of the batch starts at a multiple of. */
    private int alignment(long stride) {
      long bytes = spec.batch() > 1 ? stride * spec.dtype().bytes() : 0;
      return (int) Math.min(ALIGNMENT, bytes == 0 ? ALIGNMENT : Long.lowestOneBit(bytes));
    }

    private MemorySegment layout(int type, long rows, long columns, long ld, long stride) {
      var out = arena.allocate(ADDRESS);
      check(Native.call(layoutCreate, out, type, rows, columns, ld), "MatrixLayoutCreate");
      var layout = out.get(ADDRESS, 0);
      if (spec.batch() > 1) {
        set(layoutSet, layout, LAYOUT_BATCH_COUNT, spec.batch());
        setLong(layoutSet, layout, LAYOUT_STRIDED_BATCH_OFFSET, stride);
      }
      return layout;
    }

    private void set(MethodHandle setter, MemorySegment object, int attribute, int value) {
      var v = arena.allocateFrom(JAVA_INT, value);
      check(Native.call(setter, object, attribute, v, v.byteSize()), "attribute " + attribute);
    }

    private void setLong(MethodHandle setter, MemorySegment object, int attribute, long value) {
      var v = arena.allocateFrom(JAVA_LONG, value);
      check(Native.call(setter, object, attribute, v, v.byteSize()), "attribute " + attribute);
    }

    @Override
    public String algorithm() {
      int splits = algorithm(ALGO_SPLIT_K);
      return "algo" + algorithm(ALGO_ID) + (splits > 1 ? "_split" + splits : "");
    }

    private int algorithm(int attribute) {
      try (var scratch = Arena.ofConfined()) {
        var value = scratch.allocate(JAVA_INT);
        var written = scratch.allocate(JAVA_LONG);
        check(
            Native.call(algorithmGet, result, attribute, value, 4L, written),
            "MatmulAlgoConfigGetAttribute");
        return value.get(JAVA_INT, 0);
      }
    }

    @Override
    public long workspaceBytes() {
      return result.get(JAVA_LONG, RESULT_WORKSPACE);
    }

    @Override
    public void enqueue(
        long a, long b, long bias, long residual, long d, long workspace, long stream) {
      int status;
      try {
        if (spec.bias() && bias != boundBias) {
          biasPointer.set(JAVA_LONG, 0, bias);
          check((int) descSet.invokeExact(desc, DESC_BIAS_POINTER, biasPointer, 8L), "bias");
          boundBias = bias;
        }
        status =
            (int)
                matmul.invokeExact(
                    handle,
                    desc,
                    scale,
                    b,
                    first,
                    a,
                    second,
                    beta,
                    spec.residual() ? residual : d,
                    target,
                    d,
                    target,
                    result,
                    workspace,
                    workspaceBytes(),
                    stream);
      } catch (Throwable e) {
        throw Native.failed(e);
      }
      check(status, "cublasLtMatmul");
    }

    @Override
    public void close() {
      for (var layout : new MemorySegment[] {first, second, target}) {
        if (!layout.equals(MemorySegment.NULL)) {
          Native.call(layoutDestroy, layout);
        }
      }
      if (!desc.equals(MemorySegment.NULL)) {
        Native.call(descDestroy, desc);
      }
      arena.close();
    }
  }
}
