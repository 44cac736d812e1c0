package org.drag4j.kernels.cuda.driver;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;
import jcuda.Pointer;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnConvolutionDescriptor;
import jcuda.jcudnn.cudnnConvolutionFwdAlgo;
import jcuda.jcudnn.cudnnConvolutionMode;
import jcuda.jcudnn.cudnnDataType;
import jcuda.jcudnn.cudnnFilterDescriptor;
import jcuda.jcudnn.cudnnHandle;
import jcuda.jcudnn.cudnnMathType;
import jcuda.jcudnn.cudnnTensorDescriptor;
import jcuda.jcudnn.cudnnTensorFormat;
import jcuda.runtime.cudaStream_t;
import org.drag4j.device.DeviceException;
import org.drag4j.tensor.DType;

/**
 * Convolutions by cuDNN's legacy interface through JCudnn: equal padding on all sides, bias and
 * residual added by calls of their own.
 */
public final class JCudnnProvider implements Library {
  /**
   * All functions of cuDNN that are called. JCudnn was made for version 8, of which 9 dropped some,
   * and a call of a missing function ends the process: so they are looked up first.
   */
  private static final List<String> CALLED =
      List.of(
          "cudnnCreate",
          "cudnnDestroy",
          "cudnnSetStream",
          "cudnnGetErrorString",
          "cudnnCreateTensorDescriptor",
          "cudnnSetTensor4dDescriptor",
          "cudnnDestroyTensorDescriptor",
          "cudnnCreateFilterDescriptor",
          "cudnnSetFilter4dDescriptor",
          "cudnnDestroyFilterDescriptor",
          "cudnnCreateConvolutionDescriptor",
          "cudnnSetConvolution2dDescriptor",
          "cudnnSetConvolutionMathType",
          "cudnnDestroyConvolutionDescriptor",
          "cudnnGetConvolutionForwardWorkspaceSize",
          "cudnnConvolutionForward",
          "cudnnAddTensor");

  private static final int TEXT_BYTES = 256;

  private final JCudaBinding driver;
  private final cudnnHandle handle = new cudnnHandle();
  private final MethodHandle errorString;
  private final Pointer one = Pointer.to(new float[] {1});
  private final Pointer zero = Pointer.to(new float[] {0});
  private long boundStream = -1;

  private JCudnnProvider(JCudaBinding driver, LibraryProbe.Loaded cudnn) {
    this.driver = driver;
    // JCudnn's own table of errors is version 8's; 9 has renumbered them.
    errorString =
        Native.function(
            cudnn.symbols(),
            "cudnnGetErrorString",
            FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
  }

  /**
   * Starts cuDNN in the current context.
   *
   * @throws DeviceException where JCudnn does not load, cuDNN lacks a function, or refuses
   */
  public static JCudnnProvider open(JCudaBinding driver, LibraryProbe.Loaded cudnn) {
    unusable(cudnn)
        .ifPresent(reason -> {
          throw new DeviceException("jcudnn: " + reason);
        });
    JCudaNatives.cudnn(cudnn);
    JCudnn.setExceptionsEnabled(false);
    var provider = new JCudnnProvider(driver, cudnn);
    provider.check(JCudnn.cudnnCreate(provider.handle), "cudnnCreate");
    return provider;
  }

  /** Why this cuDNN cannot be used through JCudnn, as far as that shows without a device. */
  public static Optional<String> unusable(LibraryProbe.Loaded cudnn) {
    var missing = CALLED.stream().filter(f -> cudnn.symbols().find(f).isEmpty()).toList();
    return missing.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "expected all functions of cuDNN 8 that are called in "
                + cudnn.path()
                + ", got none of "
                + missing);
  }

  @Override
  public String name() {
    return "jcudnn";
  }

  @Override
  public Offer<Operation> prepare(Spec spec, long workspaceLimit) {
    return spec instanceof ConvolutionSpec s
        ? prepare(s, workspaceLimit)
        : new Offer.Refused<>("convolutions are all it does");
  }

  private Offer<Operation> prepare(ConvolutionSpec spec, long workspaceLimit) {
    if (spec.padBefore() != spec.padAfter()) {
      return new Offer.Refused<>(
          "the legacy interface pads both sides alike, not "
              + spec.padBefore()
              + " before and "
              + spec.padAfter()
              + " after");
    }
    var convolution = new Convolution(spec);
    try {
      if (convolution.choose(workspaceLimit)) {
        return new Offer.Ready<>(convolution);
      }
    } catch (RuntimeException | Error e) {
      convolution.close();
      throw e;
    }
    convolution.close();
    return new Offer.Refused<>(
        "no implicit product works within " + (workspaceLimit >> 20) + " MB of workspace");
  }

  @Override
  public void close() {
    check(JCudnn.cudnnDestroy(handle), "cudnnDestroy");
  }

  private void check(int status, String call) {
    if (status != 0) {
      var name = (MemorySegment) Native.result(errorString, status);
      throw new DeviceException("jcudnn: " + call + ": " + Native.text(name, TEXT_BYTES));
    }
  }

  private static int type(DType dtype) {
    return switch (dtype) {
      case F32 -> cudnnDataType.CUDNN_DATA_FLOAT;
      case F16 -> cudnnDataType.CUDNN_DATA_HALF;
      case BF16 -> cudnnDataType.CUDNN_DATA_BFLOAT16;
      case F64, I32, I64, U8 ->
          throw new IllegalArgumentException(
              "convolution: expected F16, BF16 or F32, got " + dtype);
    };
  }

  private final class Convolution implements Operation {
    private static final int NHWC = cudnnTensorFormat.CUDNN_TENSOR_NHWC;
    private static final List<Integer> ALGORITHMS =
        List.of(
            cudnnConvolutionFwdAlgo.CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM,
            cudnnConvolutionFwdAlgo.CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM);

    private final ConvolutionSpec spec;
    private final cudnnTensorDescriptor x = new cudnnTensorDescriptor();
    private final cudnnTensorDescriptor y = new cudnnTensorDescriptor();
    private final cudnnTensorDescriptor bias = new cudnnTensorDescriptor();
    private final cudnnFilterDescriptor w = new cudnnFilterDescriptor();
    private final cudnnConvolutionDescriptor convolution = new cudnnConvolutionDescriptor();
    private int algorithm;
    private long workspaceBytes;

    Convolution(ConvolutionSpec spec) {
      this.spec = spec;
      int type = type(spec.dtype());
      tensor(x, type, spec.n(), spec.c(), spec.h(), spec.w());
      tensor(y, type, spec.n(), spec.k(), spec.p(), spec.q());
      tensor(bias, type, 1, spec.k(), 1, 1);
      check(JCudnn.cudnnCreateFilterDescriptor(w), "cudnnCreateFilterDescriptor");
      check(
          JCudnn.cudnnSetFilter4dDescriptor(w, type, NHWC, spec.k(), spec.c(), spec.r(), spec.s()),
          "cudnnSetFilter4dDescriptor");
      check(
          JCudnn.cudnnCreateConvolutionDescriptor(convolution), "cudnnCreateConvolutionDescriptor");
      check(
          JCudnn.cudnnSetConvolution2dDescriptor(
              convolution,
              spec.padBefore(),
              spec.padBefore(),
              spec.stride(),
              spec.stride(),
              1,
              1,
              cudnnConvolutionMode.CUDNN_CROSS_CORRELATION,
              cudnnDataType.CUDNN_DATA_FLOAT),
          "cudnnSetConvolution2dDescriptor");
      int math =
          spec.dtype() == DType.F32
              ? cudnnMathType.CUDNN_FMA_MATH // else float32 is rounded to TF32
              : cudnnMathType.CUDNN_TENSOR_OP_MATH;
      check(JCudnn.cudnnSetConvolutionMathType(convolution, math), "cudnnSetConvolutionMathType");
    }

    private void tensor(cudnnTensorDescriptor t, int type, int n, int c, int height, int width) {
      check(JCudnn.cudnnCreateTensorDescriptor(t), "cudnnCreateTensorDescriptor");
      check(
          JCudnn.cudnnSetTensor4dDescriptor(t, NHWC, type, n, c, height, width),
          "cudnnSetTensor4dDescriptor");
    }

    /** The first algorithm that does it within the workspace; false where none does. */
    boolean choose(long workspaceLimit) {
      var bytes = new long[1];
      for (int candidate : ALGORITHMS) {
        int status =
            JCudnn.cudnnGetConvolutionForwardWorkspaceSize(
                handle, x, w, convolution, y, candidate, bytes);
        if (status == 0 && bytes[0] <= workspaceLimit) {
          algorithm = candidate;
          workspaceBytes = bytes[0];
          return true;
        }
      }
      return false;
    }

    @Override
    public long workspaceBytes() {
      return workspaceBytes;
    }

    @Override
    public void enqueue(
        long xAt, long wAt, long biasAt, long residualAt, long yAt, long workspace, long stream) {
      if (stream != boundStream) {
        check(
            JCudnn.cudnnSetStream(handle, new cudaStream_t(driver.stream(stream))),
            "cudnnSetStream");
        boundStream = stream;
      }
      check(
          JCudnn.cudnnConvolutionForward(
              handle,
              one,
              x,
              JCudaBinding.at(xAt),
              w,
              JCudaBinding.at(wAt),
              convolution,
              algorithm,
              JCudaBinding.at(workspace),
              workspaceBytes,
              zero,
              y,
              JCudaBinding.at(yAt)),
          "cudnnConvolutionForward");
      if (spec.bias()) {
        add(bias, biasAt, yAt);
      }
      if (spec.residual()) {
        add(y, residualAt, yAt);
      }
    }

    private void add(cudnnTensorDescriptor what, long at, long to) {
      check(
          JCudnn.cudnnAddTensor(
              handle, one, what, JCudaBinding.at(at), one, y, JCudaBinding.at(to)),
          "cudnnAddTensor");
    }

    @Override
    public void close() {
      JCudnn.cudnnDestroyConvolutionDescriptor(convolution);
      JCudnn.cudnnDestroyFilterDescriptor(w);
      for (var t : List.of(bias, y, x)) {
        JCudnn.cudnnDestroyTensorDescriptor(t);
      }
    }
  }
}
