package org.drag4j.kernels.cuda;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.drag4j.device.Candidate;
import org.drag4j.device.DeviceException;
import org.drag4j.device.Kernel;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.UnsupportedOpException;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.driver.Library;
import org.drag4j.kernels.cuda.driver.Offer;
import org.drag4j.tensor.DType;

/**
 * The ways to compute a node on one device: the repository's own kernels and those of NVIDIA's
 * libraries that are found. Where nothing is forced or measured, and activations are F16, products
 * go to cuBLASLt and convolutions to cuDNN where rows of operands and result are whole 16 bytes:
 * the libraries have wider tensor-core tiles, and split sums for the small pictures of the deep
 * levels. Attention stays with the repository's own kernel, which wastes nothing on heads of 40. In
 * F32 everything stays with own kernels, so that nothing is rounded to TF32. Of the operations
 * after a product a library does a bias and a residual; a fusion with more is refused, and the plan
 * splits it.
 */
final class CudaCandidates {
  /** What cuBLAS and cuDNN are given at most for one operation. */
  static final long WORKSPACE = 32L << 20;

  /** Elements of F16 in 16 bytes. */
  private static final int WHOLE = 8;

  /** Products by tensor cores, for activations in F16; by plain multiply-adds, for F32. */
  private static final String MMA = "mma";

  private static final String FMA = "fma";

  /** Our own kernels of the operations whose only one does not go by 16 bytes at a time. */
  private static final Map<String, List<String>> OTHER =
      Map.of(
          "attention", List.of(AttentionCuda.FLASH, "gemm"),
          "group_norm", List.of("slabs"),
          "layer_norm", List.of("warp"),
          "timestep_embedding", List.of("scalar"));

  private final CudaContext context;
  private final Libraries libraries;
  private final Map<String, List<String>> own = new HashMap<>();
  private final Map<Provider, Opened> opened = new EnumMap<>(Provider.class);

  /** A library in use on the device, and what it has prepared; closed together with the device. */
  static final class Opened implements CudaContext.Resource {
    private final Provider provider;
    private final Library library;
    private final Map<Library.Spec, Offer<Library.Operation>> offers = new HashMap<>();

    Opened(Provider provider, Library library) {
      this.provider = provider;
      this.library = library;
    }

    Provider provider() {
      return provider;
    }

    /** What the library answered to this specification when it was asked first. */
    Offer<Library.Operation> offer(Library.Spec spec) {
      var known = offers.get(spec);
      if (known == null) {
        known = library.prepare(spec, WORKSPACE);
        offers.put(spec, known);
      }
      return known;
    }

    @Override
    public void release() {
      var failures = new ArrayList<DeviceException>();
      for (var offer : offers.values()) {
        offer.prepared().ifPresent(p -> close(p, failures));
      }
      offers.clear();
      close(library, failures);
      if (!failures.isEmpty()) {
        var first = failures.getFirst();
        failures.stream().skip(1).forEach(first::addSuppressed);
        throw first;
      }
    }

    private static void close(AutoCloseable what, List<DeviceException> failures) {
      try {
        what.close();
      } catch (DeviceException e) {
        failures.add(e);
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** One of the names that may do a node, and whether it does. */
  private record Tried(String name, Optional<Provider> provider, Offer<Kernel> offer) {
    Stream<Candidate> candidate() {
      return offer.prepared().stream()
          .map(kernel ->
              provider
                  .map(p -> new Candidate(p.label(), "", kernel))
                  .orElseGet(() -> Candidate.own(name, kernel)));
    }

    Optional<String> refusal() {
      return offer instanceof Offer.Refused<Kernel>(var reason)
          ? Optional.of(reason)
          : Optional.empty();
    }
  }

  CudaCandidates(CudaContext context, DType activations, Libraries libraries) {
    this.context = context;
    this.libraries = libraries;
    var products = activations == DType.F16 ? List.of(MMA, FMA) : List.of(FMA, MMA);
    Op.labels().forEach(op -> own.put(op, OTHER.getOrDefault(op, List.of("vec8"))));
    own.put("linear", products);
    own.put("conv2d", products);
  }

  /** Names by the operation's label, our own first. */
  Map<String, List<String>> names() {
    var all = new HashMap<String, List<String>>();
    own.forEach((op, names) ->
        all.put(op, Stream.concat(names.stream(), here(op).map(Provider::label)).toList()));
    return all;
  }

  private List<String> own(String op) {
    return own.getOrDefault(op, List.of());
  }

  private Stream<Provider> here(String op) {
    return Provider.of(op).stream().filter(p -> libraries.missing(p).isEmpty());
  }

  /**
   * Starts the libraries that the options force.
   *
   * @throws DeviceException where one cannot be had
   */
  void start(KernelOptions options) {
    options
        .forced()
        .forEach((op, names) -> {
          for (var provider : Provider.of(op)) {
            if (!names.contains(provider.label())) {
              continue;
            }
            libraries
                .missing(provider)
                .ifPresent(reason -> {
                  throw new DeviceException(
                      where(op, provider.label()) + "expected it to be available: " + reason);
                });
            open(provider, op);
          }
        });
  }

  private String where(String op, String name) {
    return context.name() + ": " + KernelOptions.flag(op, name) + ": ";
  }

  /**
   * The ways that the options leave open, in the order of preference. What a library or a kernel
   * does not take of a fusion ends them: in parts it is done by whoever comes first.
   *
   * @throws UnsupportedOpException where nothing that the user named can do the operation
   */
  Stream<Candidate> of(CudaBackend backend, Value node, KernelOptions options) {
    var label = node.op().label();
    var rule = byRule(backend, node);
    var names = new LinkedHashSet<String>();
    rule.map(Provider::label).ifPresent(names::add);
    names.addAll(own(label));
    here(label).map(Provider::label).forEach(names::add);
    boolean fused = node.op() instanceof Op.Fused;
    var order = options.order(node, names);
    var tried = order.stream().map(name -> offer(backend, node, name, rule, options));
    if (options.forces(node) && !fused) {
      var all = tried.toList();
      if (all.stream().noneMatch(t -> t.offer().prepared().isPresent())) {
        throw new UnsupportedOpException(refusal(backend, node, all));
      }
      tried = all.stream();
    }
    return tried
        .takeWhile(t -> !fused || t.offer().prepared().isPresent() || !doesBody(backend, node, t))
        .flatMap(Tried::candidate);
  }

  private Tried offer(
      CudaBackend backend,
      Value node,
      String name,
      Optional<Provider> rule,
      KernelOptions options) {
    var label = node.op().label();
    var provider = Provider.of(label).stream().filter(p -> p.label().equals(name)).findFirst();
    if (name.equals(backend.activations() == DType.F16 ? FMA : MMA)) {
      return new Tried(
          name,
          provider,
          new Offer.Refused<>("it is not for activations in " + backend.activations()));
    }
    if (provider.isEmpty()) {
      return new Tried(
          name,
          provider,
          backend
              .own(node, name)
              .<Offer<Kernel>>map(Offer.Ready::new)
              .orElseGet(() -> new Offer.Refused<>("our kernel does not take it")));
    }
    Opened library;
    try {
      library = open(provider.get(), label);
    } catch (DeviceException e) {
      if (provider.equals(rule) || options.forces(node)) {
        throw e;
      }
      return new Tried(name, provider, new Offer.Refused<>(String.valueOf(e.getMessage())));
    }
    return new Tried(name, provider, LibraryKernel.of(backend, node, library));
  }

  /** Whether a fused node's body is done without what follows it. */
  private boolean doesBody(CudaBackend backend, Value node, Tried tried) {
    return tried
        .provider()
        .map(p ->
            opened.containsKey(p) && LibraryKernel.body(backend, node, open(p, node.op().label())))
        .orElse(true);
  }

  /** The library that takes a node where nothing else is said; empty for our own kernels. */
  private Optional<Provider> byRule(CudaBackend backend, Value node) {
    var provider =
        switch (node.op().body()) {
          case Op.Linear _ -> Optional.of(Provider.CUBLASLT);
          case Op.Conv2d _ -> Optional.of(Provider.CUDNN);
          default -> Optional.<Provider>empty();
        };
    return provider.filter(p ->
        backend.activations() == DType.F16
            && node.shape().dim(-1) % WHOLE == 0
            && node.in(0).shape().dim(-1) % WHOLE == 0
            && libraries.missing(p).isEmpty());
  }

  private String refusal(CudaBackend backend, Value node, List<Tried> tried) {
    var label = node.op().label();
    var shapes =
        node.inputs().stream().map(v -> v.shape().toString()).collect(Collectors.joining(" "));
    var text = new StringBuilder();
    for (var t : tried) {
      text.append(where(label, t.name()))
          .append("expected ")
          .append(node.path())
          .append(" (")
          .append(label)
          .append(" of ")
          .append(shapes)
          .append(" to ")
          .append(node.shape())
          .append(") to be possible, but ")
          .append(t.refusal().orElse(""))
          .append("; ");
    }
    var instead =
        own(label).stream().filter(name -> backend.own(node, name).isPresent()).findFirst();
    return text + "use " + KernelOptions.flag(label, instead.orElse(own(label).getFirst()));
  }

  private Opened open(Provider provider, String op) {
    var have = opened.get(provider);
    if (have == null) {
      context.driver(); // The library starts in the current context.
      try {
        have = new Opened(provider, libraries.open(provider));
      } catch (DeviceException e) {
        throw new DeviceException(
            context.name()
                + ": expected "
                + provider.label()
                + " to start, got "
                + e.getMessage()
                + "; do without it by --kernel "
                + op
                + "="
                + own(op).getFirst(),
            e);
      }
      opened.put(provider, have);
      context.keep(have);
    }
    return have;
  }
}
