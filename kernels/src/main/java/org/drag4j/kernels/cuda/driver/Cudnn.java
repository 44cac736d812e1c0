package org.drag4j.kernels.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.drag4j.device.DeviceException;
import org.drag4j.tensor.DType;

/**
 * Convolutions and attention by cuDNN 9's graph interface: a convolution and what is added to it
 * (residual, bias) are one graph, attention is one operation of its own. Plans can also be made
 * without a device, for one described in JSON: what they say is then all that can be done with
 * them.
 */
public final class Cudnn implements Library {
  static final int SUCCESS = 0;

  // cudnnBackendDescriptorType_t
  private static final int CONVOLUTION = 1;
  private static final int OPERATION_CONVOLUTION_FORWARD = 10;
  private static final int DEVICEPROP = 38;
  private static final int OPERATION_SDPA_FWD = 41;

  // cudnnBackendAttributeType_t
  private static final int TYPE_CONVOLUTION_MODE = 7;
  private static final int TYPE_CHAR = 24;

  private static final int CROSS_CORRELATION = 1;

  // cudnnBackendAttributeName_t
  private static final int CONVOLUTION_COMP_TYPE = 100;
  private static final int CONVOLUTION_CONV_MODE = 101;
  private static final int CONVOLUTION_DILATIONS = 102;
  private static final int CONVOLUTION_FILTER_STRIDES = 103;
  private static final int CONVOLUTION_POST_PADDINGS = 104;
  private static final int CONVOLUTION_PRE_PADDINGS = 105;
  private static final int CONVOLUTION_SPATIAL_DIMS = 106;
  private static final int CONVOLUTION_FORWARD_ALPHA = 700;
  private static final int CONVOLUTION_FORWARD_BETA = 701;
  private static final int CONVOLUTION_FORWARD_CONV_DESC = 702;
  private static final int CONVOLUTION_FORWARD_W = 703;
  private static final int CONVOLUTION_FORWARD_X = 704;
  private static final int CONVOLUTION_FORWARD_Y = 705;
  private static final int DEVICEPROP_JSON = 2702;
  private static final int SDPA_Q = 2800;
  private static final int SDPA_K = 2801;
  private static final int SDPA_V = 2802;
  private static final int SDPA_O = 2803;
  private static final int SDPA_SCALE = 2805;

  private static final int TEXT_BYTES = 4096;

  private final MethodHandle createDescriptor;
  private final MethodHandle destroyDescriptor;
  private final MethodHandle setAttribute;
  private final MethodHandle getAttribute;
  private final MethodHandle finalizeDescriptor;
  private final MethodHandle execute;
  private final MethodHandle setStream;
  private final MethodHandle destroy;
  private final MethodHandle errorString;
  private final MethodHandle lastError;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment handle;
  private MemorySegment deviceProperties = MemorySegment.NULL;
  private long boundStream;

  private Cudnn(SymbolLookup library, MemorySegment handle) {
    this.handle = handle;
    var p = ADDRESS;
    var i = JAVA_INT;
    var l = JAVA_LONG;
    createDescriptor = Native.status(library, "cudnnBackendCreateDescriptor", i, p);
    destroyDescriptor = Native.status(library, "cudnnBackendDestroyDescriptor", p);
    setAttribute = Native.status(library, "cudnnBackendSetAttribute", p, i, i, l, p);
    getAttribute = Native.status(library, "cudnnBackendGetAttribute", p, i, i, l, p, p);
    finalizeDescriptor = Native.status(library, "cudnnBackendFinalize", p);
    execute = Native.status(library, "cudnnBackendExecute", p, p, p);
    setStream = Native.status(library, "cudnnSetStream", p, l);
    destroy = Native.status(library, "cudnnDestroy", p);
    errorString = Native.function(library, "cudnnGetErrorString", FunctionDescriptor.of(p, i));
    lastError =
        Native.function(library, "cudnnGetLastErrorString", FunctionDescriptor.ofVoid(p, l));
  }

  /**
   * Starts cuDNN in the current context.
   *
   * @throws DeviceException where it is older than 9, or refuses, as it does without a device
   */
  public static Cudnn open(LibraryProbe.Loaded library) {
    checkMajor(library);
    var create = Native.status(library.symbols(), "cudnnCreate", ADDRESS);
    try (var arena = Arena.ofConfined()) {
      var out = arena.allocate(ADDRESS);
      int status = Native.call(create, out);
      var handle = status == SUCCESS ? out.get(ADDRESS, 0) : MemorySegment.NULL;
      var cudnn = new Cudnn(library.symbols(), handle);
      cudnn.check(status, "cudnnCreate");
      return cudnn;
    }
  }

  /**
   * Plans for a device that need not be here.
   *
   * @param properties the device as JSON, as cuDNN 9.8 and later write it
   * @throws DeviceException where cuDNN is older than 9 or does not take the properties
   */
  public static Cudnn offline(LibraryProbe.Loaded library, String properties) {
    checkMajor(library);
    var cudnn = new Cudnn(library.symbols(), MemorySegment.NULL);
    try {
      cudnn.deviceProperties = cudnn.create(DEVICEPROP);
      var json = cudnn.arena.allocateFrom(properties);
      cudnn.set(cudnn.deviceProperties, DEVICEPROP_JSON, TYPE_CHAR, json.byteSize(), json);
      cudnn.check(cudnn.complete(cudnn.deviceProperties), "device properties");
    } catch (DeviceException e) {
      cudnn.close();
      throw e;
    }
    return cudnn;
  }

  private static void checkMajor(LibraryProbe.Loaded library) {
    unusable(library)
        .ifPresent(reason -> {
          throw new DeviceException("cudnn: " + reason);
        });
  }

  /** Why this cuDNN cannot be used, as far as that shows without a device. */
  public static Optional<String> unusable(LibraryProbe.Loaded library) {
    return library.major() >= 9
        ? Optional.empty()
        : Optional.of(
            "expected version 9 or later, got "
                + library.version()
                + " ("
                + library.path()
                + "); the provider jcudnn takes version 8");
  }

  @Override
  public String name() {
    return "cudnn";
  }

  @Override
  public Offer<Operation> prepare(Spec spec, long workspaceLimit) {
    return switch (spec) {
      case ConvolutionSpec convolution -> prepare(convolution, workspaceLimit);
      case AttentionSpec attention -> prepare(attention, workspaceLimit);
      case MatmulSpec _ -> new Offer.Refused<>("products alone are cuBLAS's");
    };
  }

  private Offer<Operation> prepare(ConvolutionSpec spec, long workspaceLimit) {
    var convolution = new Convolution(new CudnnPlan(this), spec);
    return offered(convolution, convolution.choose(workspaceLimit));
  }

  private Offer<Operation> prepare(AttentionSpec spec, long workspaceLimit) {
    if (spec.causal()) {
      return new Offer.Refused<>("its attention operation is not causal");
    }
    var attention = new Attention(new CudnnPlan(this), spec);
    return offered(attention, attention.choose(workspaceLimit));
  }

  /** An operation on which cuDNN said nothing, or what it said. */
  private static Offer<Operation> offered(Operation operation, Optional<String> refusal) {
    if (refusal.isPresent()) {
      operation.close();
      return new Offer.Refused<>(refusal.get());
    }
    return new Offer.Ready<>(operation);
  }

  /** What cuDNN says of a plan of its own, as JSON. */
  public String describe(Operation prepared) {
    return switch (prepared) {
      case Convolution convolution -> convolution.plan.describe();
      case Attention attention -> attention.plan.describe();
      default ->
          throw new IllegalArgumentException("cudnn: expected a plan of cuDNN's, got " + prepared);
    };
  }

  @Override
  public void close() {
    if (!deviceProperties.equals(MemorySegment.NULL)) {
      Native.call(destroyDescriptor, deviceProperties);
    }
    try {
      if (!handle.equals(MemorySegment.NULL)) {
        check(Native.call(destroy, handle), "cudnnDestroy");
      }
    } finally {
      arena.close();
    }
  }

  /** Whether plans are made for a device that is not here. */
  boolean offline() {
    return handle.equals(MemorySegment.NULL);
  }

  MemorySegment handle() {
    return handle;
  }

  MemorySegment deviceProperties() {
    return deviceProperties;
  }

  MemorySegment create(int type) {
    try (var scratch = Arena.ofConfined()) {
      var out = scratch.allocate(ADDRESS);
      check(Native.call(createDescriptor, type, out), "descriptor " + type);
      return out.get(ADDRESS, 0);
    }
  }

  void destroy(MemorySegment descriptor) {
    Native.call(destroyDescriptor, descriptor);
  }

  void set(MemorySegment descriptor, int attribute, int type, long count, MemorySegment v) {
    check(
        Native.call(setAttribute, descriptor, attribute, type, count, v), "attribute " + attribute);
  }

  /** Reads an attribute and returns how many elements it has, at most {@code limit}. */
  long get(MemorySegment descriptor, int attribute, int type, long limit, MemorySegment out) {
    try (var scratch = Arena.ofConfined()) {
      var count = scratch.allocate(JAVA_LONG);
      check(
          Native.call(getAttribute, descriptor, attribute, type, limit, count, out),
          "attribute " + attribute);
      return Math.min(limit, count.get(JAVA_LONG, 0));
    }
  }

  /** {@code cudnnBackendFinalize}; its status is the caller's to judge. */
  int complete(MemorySegment descriptor) {
    return Native.call(finalizeDescriptor, descriptor);
  }

  void execute(MemorySegment plan, MemorySegment pack, long stream) {
    if (stream != boundStream) {
      check(Native.call(setStream, handle, stream), "cudnnSetStream");
      boundStream = stream;
    }
    int status;
    try {
      status = (int) execute.invokeExact(handle, plan, pack);
    } catch (Throwable e) {
      throw Native.failed(e);
    }
    check(status, "cudnnBackendExecute");
  }

  void check(int status, String what) {
    if (status != SUCCESS) {
      throw new DeviceException("cudnn: " + failure(status, what));
    }
  }

  /** A status and what else cuDNN says of it. */
  String failure(int status, String what) {
    var name = Native.text((MemorySegment) Native.result(errorString, status), TEXT_BYTES);
    try (var scratch = Arena.ofConfined()) {
      var text = scratch.allocate(TEXT_BYTES);
      Native.result(lastError, text, (long) TEXT_BYTES);
      var detail = Native.text(text, TEXT_BYTES).strip().replaceAll("\\s+", " ");
      return what + ": " + name + (detail.isEmpty() ? "" : " (" + detail + ")");
    }
  }

  /** One convolution and its plan. */
  private static final class Convolution implements Operation {
    private final CudnnPlan plan;
    private final ConvolutionSpec spec;
    private final long[] pointers;

    Convolution(CudnnPlan plan, ConvolutionSpec spec) {
      this.plan = plan;
      this.spec = spec;
      pointers = new long[3 + (spec.residual() ? 1 : 0) + (spec.bias() ? 1 : 0)];
    }

    Optional<String> choose(long workspaceLimit) {
      try {
        var dtype = spec.dtype();
        var x = operand(1, spec.n(), spec.c(), spec.h(), spec.w());
        var w = operand(2, spec.k(), spec.c(), spec.r(), spec.s());
        var y = operand(3, spec.n(), spec.k(), spec.p(), spec.q());
        var operations = new ArrayList<MemorySegment>();
        // Residual before bias: in this order cuDNN has precompiled engines, in the other not.
        var sum = spec.residual() || spec.bias() ? inside(6) : y;
        operations.add(convolution(x, w, sum));
        if (spec.residual()) {
          var residual = operand(4, spec.n(), spec.k(), spec.p(), spec.q());
          var next = spec.bias() ? inside(7) : y;
          operations.add(plan.add(sum, residual, next));
          sum = next;
        }
        if (spec.bias()) {
          operations.add(plan.add(sum, operand(5, 1, spec.k(), 1, 1), y));
        }
        return plan.choose(operations, dtype, workspaceLimit);
      } catch (DeviceException e) {
        return Optional.of(String.valueOf(e.getMessage()));
      } catch (RuntimeException | Error e) {
        plan.close();
        throw e;
      }
    }

    /** Dimensions in cuDNN's order, channels second; strides say that they are innermost. */
    private MemorySegment operand(long id, long n, long c, long h, long w) {
      return plan.operand(id, spec.dtype(), new long[] {n, c, h, w}, strides(c, h, w));
    }

    private MemorySegment inside(long id) {
      long[] dims = {spec.n(), spec.k(), spec.p(), spec.q()};
      return plan.inside(id, dims, strides(spec.k(), spec.p(), spec.q()));
    }

    private static long[] strides(long c, long h, long w) {
      return new long[] {h * w * c, 1, w * c, c};
    }

    private MemorySegment convolution(MemorySegment x, MemorySegment w, MemorySegment y) {
      var convolution = plan.made(CONVOLUTION);
      plan.longs(convolution, CONVOLUTION_SPATIAL_DIMS, 2);
      plan.type(convolution, CONVOLUTION_COMP_TYPE, DType.F32);
      plan.ints(convolution, CONVOLUTION_CONV_MODE, TYPE_CONVOLUTION_MODE, CROSS_CORRELATION);
      plan.longs(convolution, CONVOLUTION_DILATIONS, 1, 1);
      plan.longs(convolution, CONVOLUTION_FILTER_STRIDES, spec.stride(), spec.stride());
      plan.longs(convolution, CONVOLUTION_PRE_PADDINGS, spec.padBefore(), spec.padBefore());
      plan.longs(convolution, CONVOLUTION_POST_PADDINGS, spec.padAfter(), spec.padAfter());
      plan.complete(convolution, "convolution");
      var operation = plan.made(OPERATION_CONVOLUTION_FORWARD);
      plan.descriptors(operation, CONVOLUTION_FORWARD_CONV_DESC, convolution);
      plan.descriptors(operation, CONVOLUTION_FORWARD_X, x);
      plan.descriptors(operation, CONVOLUTION_FORWARD_W, w);
      plan.descriptors(operation, CONVOLUTION_FORWARD_Y, y);
      plan.floats(operation, CONVOLUTION_FORWARD_ALPHA, 1);
      plan.floats(operation, CONVOLUTION_FORWARD_BETA, 0);
      plan.complete(operation, "convolution of " + spec);
      return operation;
    }

    @Override
    public String algorithm() {
      return plan.algorithm();
    }

    @Override
    public long workspaceBytes() {
      return plan.workspaceBytes();
    }

    @Override
    public void enqueue(
        long x, long w, long bias, long residual, long y, long workspace, long stream) {
      pointers[0] = x;
      pointers[1] = w;
      pointers[2] = y;
      int next = 3;
      if (spec.residual()) {
        pointers[next++] = residual;
      }
      if (spec.bias()) {
        pointers[next] = bias;
      }
      plan.execute(pointers, workspace, stream);
    }

    @Override
    public void close() {
      plan.close();
    }
  }

  /** One attention and its plan. */
  private static final class Attention implements Operation {
    private final CudnnPlan plan;
    private final AttentionSpec spec;
    private final long[] pointers = new long[5];

    Attention(CudnnPlan plan, AttentionSpec spec) {
      this.plan = plan;
      this.spec = spec;
    }

    Optional<String> choose(long workspaceLimit) {
      try {
        var q = operand(1, spec.queries());
        var k = operand(2, spec.keys());
        var v = operand(3, spec.keys());
        var o = operand(4, spec.queries());
        var scale = plan.scalar(5);
        pointers[4] = plan.hostValue(spec.scale());
        var operation = plan.made(OPERATION_SDPA_FWD);
        plan.descriptors(operation, SDPA_Q, q);
        plan.descriptors(operation, SDPA_K, k);
        plan.descriptors(operation, SDPA_V, v);
        plan.descriptors(operation, SDPA_O, o);
        plan.descriptors(operation, SDPA_SCALE, scale);
        plan.complete(operation, "attention of " + spec);
        return plan.choose(List.of(operation), spec.dtype(), workspaceLimit);
      } catch (DeviceException e) {
        return Optional.of(String.valueOf(e.getMessage()));
      } catch (RuntimeException | Error e) {
        plan.close();
        throw e;
      }
    }

    /** {@code [batch, heads, tokens, dim]} as cuDNN orders it, heads beside each other. */
    private MemorySegment operand(long id, long tokens) {
      long width = (long) spec.heads() * spec.dim();
      long[] dims = {spec.batch(), spec.heads(), tokens, spec.dim()};
      return plan.operand(
          id, spec.dtype(), dims, new long[] {tokens * width, spec.dim(), width, 1});
    }

    @Override
    public String algorithm() {
      return plan.algorithm();
    }

    @Override
    public long workspaceBytes() {
      return plan.workspaceBytes();
    }

    @Override
    public void enqueue(
        long q, long k, long v, long residual, long o, long workspace, long stream) {
      pointers[0] = q;
      pointers[1] = k;
      pointers[2] = v;
      pointers[3] = o;
      plan.execute(pointers, workspace, stream);
    }

    @Override
    public void close() {
      plan.close();
    }
  }
}
