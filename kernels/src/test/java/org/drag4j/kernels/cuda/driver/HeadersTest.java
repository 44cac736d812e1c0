package org.drag4j.kernels.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.drag4j.kernels.cuda.driver.CudaDriver.Attribute;
import org.drag4j.kernels.cuda.driver.CudaDriver.FunctionAttribute;
import org.drag4j.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Numbers, struct layouts and signatures against NVIDIA's own headers, where this machine has them:
 * a program made of them prints what they say, and the bindings must say the same.
 */
class HeadersTest {
  @TempDir private Path folder = Path.of("");

  /** What we believe, by the expression or function of the header that knows. */
  private final Map<String, String> ours = new TreeMap<>();

  private void number(String expression, long value) {
    ours.put(expression, Long.toString(value));
  }

  /**
   * Constants of a class.
   *
   * @param own those that no header knows
   * @param rows the header's prefix, then names, each with another after it where the header's
   *     differs
   */
  private void constants(Class<?> type, Set<String> own, String... rows) throws Exception {
    var left = new LinkedHashMap<String, Long>();
    for (var field : type.getDeclaredFields()) {
      boolean whole = field.getType() == int.class || field.getType() == long.class;
      if (whole && Modifier.isStatic(field.getModifiers()) && !own.contains(field.getName())) {
        field.setAccessible(true);
        left.put(field.getName(), ((Number) field.get(null)).longValue());
      }
    }
    for (var row : rows) {
      var words = row.split(" +", -1);
      for (int i = 1; i < words.length; i++) {
        var names = words[i].split("=", 2);
        var value = Optional.ofNullable(left.remove(names[0]));
        number(words[0] + names[names.length - 1], value.orElseThrow());
      }
    }
    assertEquals(Set.of(), left.keySet(), type + ": constants that the headers are not asked for");
  }

  /** Functions that a class links when it is made, which it does in the order of its fields. */
  private void functions(Class<?> type) throws Exception {
    var names = new ArrayList<String>();
    SymbolLookup lookup =
        name -> {
          names.add(name);
          return Optional.of(MemorySegment.ofAddress(4096)); // never called
        };
    var loaded = new LibraryProbe.Loaded(CudaLibrary.NVRTC, "none", Path.of("none"), "0", lookup);
    var constructor = type.getDeclaredConstructors()[0];
    constructor.setAccessible(true);
    var arguments =
        Stream.of(constructor.getParameterTypes())
            .map(p ->
                p == SymbolLookup.class
                    ? lookup
                    : p == LibraryProbe.Loaded.class ? loaded : MemorySegment.NULL)
            .toArray();
    var handles = new ArrayList<MethodHandle>();
    handles(constructor.newInstance(arguments), handles);
    assertEquals(names.size(), handles.size(), () -> type + ": " + names);
    for (int i = 0; i < names.size(); i++) {
      ours.put(names.get(i), shape(handles.get(i)));
    }
  }

  private static void handles(Object object, List<MethodHandle> handles) throws Exception {
    for (var field : object.getClass().getDeclaredFields()) {
      field.setAccessible(true);
      var value = field.get(Modifier.isStatic(field.getModifiers()) ? null : object);
      if (value instanceof MethodHandle handle) {
        handles.add(handle);
      } else if (value instanceof Record record) {
        handles(record, handles);
      }
    }
  }

  /** Bytes of the result and of the arguments; addresses and whole numbers travel alike. */
  private static String shape(MethodHandle handle) {
    return bytes(handle.type().returnType())
        + handle.type().parameterList().stream()
            .map(HeadersTest::bytes)
            .collect(Collectors.joining(" ", " of ", ""));
  }

  private static String bytes(Class<?> type) {
    return type == void.class ? "0" : type == int.class ? "4" : "8";
  }

  /** Folders of headers: the compiler's, and those beside the folders of libraries. */
  private static List<Path> includes() {
    var path = System.getenv().getOrDefault("PATH", "");
    var compilers =
        Stream.of(path.split(":", -1)).map(s -> Path.of(s, "nvcc")).filter(Files::isRegularFile);
    var beside = CudaLibraries.ofThisMachine().folders().stream();
    return Stream.concat(compilers.map(Path::getParent), beside)
        .map(f -> f.resolveSibling("include"))
        .filter(Files::isDirectory)
        .distinct()
        .toList();
  }

  private void check(String header) throws IOException {
    var includes = includes();
    assumeTrue(
        includes.stream().anyMatch(f -> Files.isRegularFile(f.resolve(header))),
        "no " + header + " here: numbers and signatures are not compared with it");
    var text = new StringBuilder("#include <cstddef>\n#include <cstdio>\n");
    text.append("#include <").append(header).append(">\n");
    text.append(
        """
        template <class T> struct Bytes { static const int all = sizeof(T); };
        template <> struct Bytes<void> { static const int all = 0; };
        template <class R, class... A> void say(const char *what, R (*)(A...)) {
          printf("%s=%d of", what, Bytes<R>::all);
          int all[] = {Bytes<A>::all..., 0};
          for (unsigned i = 0; i + 1 < sizeof all / sizeof *all; i++) printf(" %d", all[i]);
          puts("");
        }
        template <class T> void say(const char *what, T x) { printf("%s=%lld\\n", what, (long long)x); }
        int main() {
        """);
    // A function is never called, only looked at; some names are macros for the newest version.
    ours.forEach((what, value) ->
        text.append("  say(\"")
            .append(what)
            .append("\", ")
            .append(value.contains(" of ") ? "(decltype(&" + what + ")) 0" : what)
            .append(");\n"));
    var file = Files.writeString(folder.resolve("headers.cpp"), text.append("}\n"));
    var program = folder.resolve("headers");
    var command = new ArrayList<>(List.of("g++", "-w", "-o", program.toString()));
    includes.forEach(f -> command.addAll(List.of("-isystem", f.toString())));
    command.add(file.toString());
    assertEquals("", Gcc.output(command));
    var theirs = new TreeMap<String, String>();
    for (var line : Gcc.output(List.of(program.toString())).lines().toList()) {
      var at = line.lastIndexOf('=');
      theirs.put(line.substring(0, at), line.substring(at + 1));
    }
    assertEquals(theirs, ours);
    System.out.println(header + ": " + ours.size() + " numbers and signatures are as there");
  }

  @Test
  void driver() throws Exception {
    constants(
        JCudaBinding.class,
        Set.of("NAME_BYTES"),
        "CU_ STREAM_NON_BLOCKING EVENT_DISABLE_TIMING",
        "CU_STREAM_CAPTURE_MODE_ CAPTURE_THREAD_LOCAL=THREAD_LOCAL",
        "CU_MEMPOOL_ATTR_ POOL_RELEASE_THRESHOLD=RELEASE_THRESHOLD");
    constants(
        KernelCall.class,
        Set.of(),
        "(size_t)CU_LAUNCH_ PARAM_END PARAM_BUFFER_POINTER PARAM_BUFFER_SIZE",
        "CU_LAUNCH_ ATTRIBUTE_CLUSTER_DIMENSION ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION",
        "sizeof CONFIG_BYTES=(CUlaunchConfig) ATTRIBUTE_BYTES=(CUlaunchAttribute)",
        "offsetof CONFIG_STREAM=(CUlaunchConfig,hStream) CONFIG_ATTRIBUTES=(CUlaunchConfig,attrs)"
            + " CONFIG_COUNT=(CUlaunchConfig,numAttrs) ATTRIBUTE_VALUE=(CUlaunchAttribute,value)");
    var attribute = "CU_DEVICE_ATTRIBUTE_";
    for (var a : Attribute.values()) {
      var name =
          switch (a) {
            case MULTIPROCESSORS -> "MULTIPROCESSOR_COUNT";
            case COMPUTE_CAPABILITY_MAJOR, COMPUTE_CAPABILITY_MINOR -> a.name();
            case L2_CACHE_BYTES -> "L2_CACHE_SIZE";
            case SHARED_BYTES_PER_MULTIPROCESSOR -> "MAX_SHARED_MEMORY_PER_MULTIPROCESSOR";
            case SHARED_BYTES_PER_BLOCK_OPTIN -> "MAX_SHARED_MEMORY_PER_BLOCK_OPTIN";
            case MEMORY_POOLS -> "MEMORY_POOLS_SUPPORTED";
          };
      number(attribute + name, a.number());
    }
    for (var a : FunctionAttribute.values()) {
      var name =
          switch (a) {
            case MAX_THREADS_PER_BLOCK -> "MAX_THREADS_PER_BLOCK";
            case STATIC_SHARED_BYTES -> "SHARED_SIZE_BYTES";
            case LOCAL_BYTES_PER_THREAD -> "LOCAL_SIZE_BYTES";
            case REGISTERS_PER_THREAD -> "NUM_REGS";
            case MAX_DYNAMIC_SHARED_BYTES -> "MAX_DYNAMIC_SHARED_SIZE_BYTES";
          };
      number("CU_FUNC_ATTRIBUTE_" + name, a.number());
    }
    functions(JCudaBinding.class);
    check("cuda.h");
  }

  @Test
  void cublasLt() throws Exception {
    constants(
        CublasLt.class,
        Set.of("ALIGNMENT"),
        "CUBLAS_STATUS_ SUCCESS NOT_SUPPORTED",
        "CUBLAS_ COMPUTE_32F OP_N OP_T",
        "CUBLASLT_ EPILOGUE_BIAS REDUCTION_SCHEME_COMPUTE_TYPE",
        "CUBLASLT_MATMUL_ DESC_TRANSA DESC_TRANSB DESC_EPILOGUE DESC_BIAS_POINTER"
            + " DESC_BIAS_DATA_TYPE PREF_MAX_WORKSPACE_BYTES PREF_REDUCTION_SCHEME_MASK"
            + " PREF_MIN_ALIGNMENT_A=PREF_MIN_ALIGNMENT_A_BYTES",
        "CUBLASLT_MATRIX_ LAYOUT_BATCH_COUNT LAYOUT_STRIDED_BATCH_OFFSET",
        "CUBLASLT_ALGO_CONFIG_ ALGO_ID=ID ALGO_SPLIT_K=SPLITK_NUM",
        "sizeof RESULT_BYTES=(cublasLtMatmulHeuristicResult_t)",
        "offsetof RESULT_WORKSPACE=(cublasLtMatmulHeuristicResult_t,workspaceSize)"
            + " RESULT_STATE=(cublasLtMatmulHeuristicResult_t,state)");
    number("offsetof(cublasLtMatmulHeuristicResult_t,algo)", 0);
    number(
        "CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES-CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES", 3);
    number("CUDA_R_32F", CublasLt.cudaType(DType.F32));
    number("CUDA_R_16F", CublasLt.cudaType(DType.F16));
    number("CUDA_R_16BF", CublasLt.cudaType(DType.BF16));
    for (int status = 1; status < 16; status++) {
      var name = CublasLt.statusName(status);
      if (!name.startsWith("cublasStatus_t")) {
        number(name, status);
      }
    }
    functions(CublasLt.class);
    check("cublasLt.h");
  }

  @Test
  void cublas() throws Exception {
    constants(
        JCublas.class,
        Set.of("WORKSPACE"),
        "CUBLAS_MATH_ MATH_MODE=DISALLOW_REDUCED_PRECISION_REDUCTION");
    check("cublas_v2.h");
  }

  @Test
  void cudnn() throws Exception {
    constants(
        Cudnn.class,
        Set.of("TEXT_BYTES"),
        "CUDNN_STATUS_ SUCCESS",
        "CUDNN_BACKEND_ CONVOLUTION=CONVOLUTION_DESCRIPTOR DEVICEPROP=DEVICEPROP_DESCRIPTOR"
            + " OPERATION_CONVOLUTION_FORWARD=OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR"
            + " OPERATION_SDPA_FWD=OPERATION_SDPA_FWD_DESCRIPTOR",
        "CUDNN_ TYPE_CONVOLUTION_MODE TYPE_CHAR CROSS_CORRELATION",
        "CUDNN_ATTR_ CONVOLUTION_COMP_TYPE CONVOLUTION_CONV_MODE CONVOLUTION_DILATIONS"
            + " CONVOLUTION_FILTER_STRIDES CONVOLUTION_POST_PADDINGS CONVOLUTION_PRE_PADDINGS"
            + " CONVOLUTION_SPATIAL_DIMS DEVICEPROP_JSON=DEVICEPROP_JSON_REPRESENTATION",
        "CUDNN_ATTR_OPERATION_ CONVOLUTION_FORWARD_ALPHA CONVOLUTION_FORWARD_BETA"
            + " CONVOLUTION_FORWARD_CONV_DESC CONVOLUTION_FORWARD_W CONVOLUTION_FORWARD_X"
            + " CONVOLUTION_FORWARD_Y SDPA_Q=SDPA_FWD_QDESC SDPA_K=SDPA_FWD_KDESC"
            + " SDPA_V=SDPA_FWD_VDESC SDPA_O=SDPA_FWD_ODESC SDPA_SCALE=SDPA_FWD_SCALEDESC");
    constants(
        CudnnPlan.class,
        Set.of("ALIGNMENT", "MAX_CONFIGURATIONS", "MAX_NOTES", "MAX_JSON_BYTES", "MAX_PACKS"),
        "CUDNN_BACKEND_ POINTWISE=POINTWISE_DESCRIPTOR ENGINE=ENGINE_DESCRIPTOR"
            + " ENGINECFG=ENGINECFG_DESCRIPTOR ENGINEHEUR=ENGINEHEUR_DESCRIPTOR"
            + " EXECUTION_PLAN=EXECUTION_PLAN_DESCRIPTOR"
            + " OPERATION_POINTWISE=OPERATION_POINTWISE_DESCRIPTOR"
            + " OPERATIONGRAPH=OPERATIONGRAPH_DESCRIPTOR VARIANT_PACK=VARIANT_PACK_DESCRIPTOR"
            + " TENSOR=TENSOR_DESCRIPTOR",
        "CUDNN_ TYPE_HANDLE TYPE_DATA_TYPE TYPE_BOOLEAN TYPE_INT64 TYPE_FLOAT TYPE_VOID_PTR"
            + " TYPE_HEUR_MODE TYPE_NUMERICAL_NOTE TYPE_POINTWISE_MODE TYPE_BACKEND_DESCRIPTOR"
            + " TYPE_CHAR POINTWISE_ADD HEUR_MODE_A HEUR_MODE_FALLBACK",
        "CUDNN_ATTR_ POINTWISE_MODE POINTWISE_MATH_PREC ENGINEHEUR_MODE"
            + " ENGINEHEUR_OPERATION_GRAPH ENGINEHEUR_RESULTS ENGINEHEUR_DEVICEPROP"
            + " ENGINECFG_ENGINE OPERATIONGRAPH_HANDLE OPERATIONGRAPH_OPS TENSOR_BYTE_ALIGNMENT"
            + " TENSOR_DATA_TYPE TENSOR_DIMENSIONS TENSOR_STRIDES TENSOR_UNIQUE_ID"
            + " TENSOR_IS_VIRTUAL TENSOR_IS_BY_VALUE VARIANT_PACK_UNIQUE_IDS"
            + " VARIANT_PACK_DATA_POINTERS VARIANT_PACK_WORKSPACE ENGINE_GLOBAL_INDEX"
            + " ENGINE_NUMERICAL_NOTE",
        "CUDNN_ATTR_EXECUTION_ PLAN_HANDLE PLAN_ENGINE_CONFIG PLAN_WORKSPACE_SIZE"
            + " PLAN_JSON=PLAN_JSON_REPRESENTATION PLAN_DEVICEPROP",
        "CUDNN_ATTR_OPERATION_ POINTWISE_PW_DESCRIPTOR POINTWISE_XDESC POINTWISE_BDESC"
            + " POINTWISE_YDESC",
        "CUDNN_NUMERICAL_ NOTE_TENSOR_CORE NOTE_STRICT_NAN_PROP");
    number("CUDNN_DATA_FLOAT", CudnnPlan.dataType(DType.F32));
    number("CUDNN_DATA_HALF", CudnnPlan.dataType(DType.F16));
    number("CUDNN_DATA_BFLOAT16", CudnnPlan.dataType(DType.BF16));
    functions(Cudnn.class);
    check("cudnn.h");
  }

  @Test
  void nvrtc() throws Exception {
    functions(Nvrtc.class);
    check("nvrtc.h");
  }
}
