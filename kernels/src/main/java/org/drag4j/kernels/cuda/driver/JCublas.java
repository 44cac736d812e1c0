package org.drag4j.kernels.cuda.driver;

import jcuda.Pointer;
import jcuda.cudaDataType;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasComputeType;
import jcuda.jcublas.cublasGemmAlgo;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasOperation;
import jcuda.runtime.cudaStream_t;
import org.drag4j.device.DeviceException;
import org.drag4j.tensor.DType;

/** Matrix products by cuBLAS through JCublas, which has no cuBLASLt: neither bias nor residual. */
public final class JCublas implements Library {
  /** {@code CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION}: float32 sums stay float32. */
  private static final int MATH_MODE = 16;

  /** What cuBLAS itself would take on the newest chips; less where it is not given. */
  private static final long WORKSPACE = 32L << 20;

  private final JCudaBinding driver;
  private final cublasHandle handle;
  private long boundStream = -1;
  private long boundWorkspace = -1;

  private JCublas(JCudaBinding driver, cublasHandle handle) {
    this.driver = driver;
    this.handle = handle;
  }

  /**
   * Starts cuBLAS in the current context.
   *
   * @throws DeviceException where JCublas does not load or cuBLAS refuses
   */
  public static JCublas open(JCudaBinding driver, LibraryProbe.Loaded cublas) {
    JCudaNatives.cublas(cublas);
    JCublas2.setExceptionsEnabled(false);
    var handle = new cublasHandle();
    check(JCublas2.cublasCreate(handle), "cublasCreate");
    var provider = new JCublas(driver, handle);
    try {
      check(JCublas2.cublasSetMathMode(handle, MATH_MODE), "cublasSetMathMode");
    } catch (DeviceException e) {
      provider.close();
      throw e;
    }
    return provider;
  }

  @Override
  public String name() {
    return "jcublas";
  }

  @Override
  public Offer<Operation> prepare(Spec spec, long workspaceLimit) {
    return spec instanceof MatmulSpec s
        ? prepare(s, workspaceLimit)
        : new Offer.Refused<>("products are all it does");
  }

  private Offer<Operation> prepare(MatmulSpec spec, long workspaceLimit) {
    if (spec.bias() || spec.residual()) {
      return new Offer.Refused<>("cublasGemmStridedBatchedEx adds neither bias nor residual");
    }
    long widest = Math.max(spec.lda(), Math.max(spec.ldb(), spec.ldd()));
    if (widest > Integer.MAX_VALUE) {
      return new Offer.Refused<>("rows are " + widest + " elements apart");
    }
    return new Offer.Ready<>(new Product(spec, Math.min(workspaceLimit, WORKSPACE)));
  }

  @Override
  public void close() {
    check(JCublas2.cublasDestroy(handle), "cublasDestroy");
  }

  private static void check(int status, String call) {
    if (status != 0) {
      throw new DeviceException("jcublas: " + call + ": " + CublasLt.statusName(status));
    }
  }

  private static int type(DType dtype) {
    return switch (dtype) {
      case F32 -> cudaDataType.CUDA_R_32F;
      case F16 -> cudaDataType.CUDA_R_16F;
      case BF16 -> cudaDataType.CUDA_R_16BF;
      case F64, I32, I64, U8 ->
          throw new IllegalArgumentException("matmul: expected F16, BF16 or F32, got " + dtype);
    };
  }

  private final class Product implements Operation {
    private final MatmulSpec spec;
    private final long workspaceBytes;
    private final Pointer scale;
    private final Pointer zero = Pointer.to(new float[] {0});

    Product(MatmulSpec spec, long workspaceBytes) {
      this.spec = spec;
      this.workspaceBytes = workspaceBytes;
      scale = Pointer.to(new float[] {spec.scale()});
    }

    @Override
    public long workspaceBytes() {
      return workspaceBytes;
    }

    @Override
    public void enqueue(
        long a, long b, long bias, long residual, long d, long workspace, long stream) {
      if (stream != boundStream) {
        check(
            JCublas2.cublasSetStream(handle, new cudaStream_t(driver.stream(stream))),
            "cublasSetStream");
        boundStream = stream;
        boundWorkspace = -1; // A new stream takes cuBLAS's own workspace again.
      }
      if (workspaceBytes > 0 && workspace != boundWorkspace) {
        check(
            JCublas2.cublasSetWorkspace(handle, JCudaBinding.at(workspace), workspaceBytes),
            "cublasSetWorkspace");
        boundWorkspace = workspace;
      }
      int type = type(spec.dtype());
      // Column major: the result is the transposed product, of b first and then a. The name without
      // _new takes the type of the sums as cuBLAS 10 did.
      check(
          JCublas2.cublasGemmStridedBatchedEx_new(
              handle,
              spec.transposeB() ? cublasOperation.CUBLAS_OP_T : cublasOperation.CUBLAS_OP_N,
              cublasOperation.CUBLAS_OP_N,
              spec.n(),
              spec.m(),
              spec.k(),
              scale,
              JCudaBinding.at(b),
              type,
              (int) spec.ldb(),
              spec.strideB(),
              JCudaBinding.at(a),
              type,
              (int) spec.lda(),
              spec.strideA(),
              zero,
              JCudaBinding.at(d),
              type,
              (int) spec.ldd(),
              spec.strideD(),
              spec.batch(),
              cublasComputeType.CUBLAS_COMPUTE_32F,
              cublasGemmAlgo.CUBLAS_GEMM_DEFAULT),
          "cublasGemmStridedBatchedEx");
    }

    @Override
    public void close() {}
  }
}
