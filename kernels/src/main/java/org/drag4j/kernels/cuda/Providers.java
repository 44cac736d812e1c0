package org.drag4j.kernels.cuda;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.drag4j.device.DeviceException;
import org.drag4j.device.Kernel;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.UnsupportedOpException;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.driver.LibraryProvider;
import org.drag4j.kernels.cuda.driver.Offer;
import org.drag4j.tensor.DType;

/**
 * Who does what on one device: our own kernels or a library. Where the user named a provider, that
 * one or nobody. Else, with activations in F16, products go to cuBLASLt and convolutions to cuDNN
 * where these are found and rows of operands and result are whole 16 bytes: their wide tensor-core
 * tiles and their split sums for the small pictures of the deep levels are what our own kernels
 * lack. Attention stays with our own kernel, which wastes nothing on heads of 40; everything in F32
 * stays with ours too, so that nothing is rounded to TF32. Of the operations after a product a
 * library does a bias and a residual; a fusion with more is refused, and the plan splits it.
 */
final class Providers {
  /** What cuBLAS and cuDNN are given at most for one operation. */
  static final long WORKSPACE = 32L << 20;

  /** Elements of F16 in 16 bytes. */
  private static final int WHOLE = 8;

  /** Who does a node. */
  sealed interface Choice {
    /** This kernel. */
    record Taken(Kernel kernel) implements Choice {}

    /** Nobody as it is fused, but somebody in parts. */
    record Split() implements Choice {}

    /** One of our own kernels. */
    record Own() implements Choice {}
  }

  private final CudaContext context;
  private final Libraries libraries;
  private final Map<String, String> forced;
  private final Map<Library, Opened> opened = new EnumMap<>(Library.class);

  /** A library in use on the device, and what it has prepared; closed together with the device. */
  static final class Opened implements CudaContext.Resource {
    private final Library library;
    private final LibraryProvider provider;
    private final Map<Record, Offer<? extends LibraryProvider.Prepared>> offers = new HashMap<>();

    Opened(Library library, LibraryProvider provider) {
      this.library = library;
      this.provider = provider;
    }

    Library library() {
      return library;
    }

    LibraryProvider provider() {
      return provider;
    }

    /** What the library answered to this specification when it was asked first. */
    @SuppressWarnings("unchecked") // one specification is of one kind of operation
    <S extends Record, P extends LibraryProvider.Prepared> Offer<P> offer(
        S spec, Asking<S, P> ask) {
      var known = (Offer<P>) offers.get(spec);
      if (known == null) {
        known = ask.prepare(spec, WORKSPACE);
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
      close(provider, failures);
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

  /** A library's method that prepares an operation. */
  @FunctionalInterface
  interface Asking<S, P> {
    Offer<P> prepare(S spec, long workspaceLimit);
  }

  /**
   * The providers of a device.
   *
   * @param forced provider by operation's label, as the user said
   * @throws DeviceException where there is no such operation or provider, or a named provider
   *     cannot be had
   */
  Providers(CudaContext context, Libraries libraries, Map<String, String> forced) {
    this.context = context;
    this.libraries = libraries;
    this.forced = Map.copyOf(forced);
    forced.forEach((operation, name) -> {
      var names = Library.providers(operation);
      if (names.size() < 2) {
        throw new DeviceException(
            where(operation, name) + "expected one of linear, conv2d, attention, got " + operation);
      }
      if (!names.contains(name)) {
        throw new DeviceException(
            where(operation, name)
                + "expected one of "
                + String.join(", ", names)
                + ", got "
                + name);
      }
      Library.of(name)
          .ifPresent(library -> {
            libraries
                .missing(library)
                .ifPresent(reason -> {
                  throw new DeviceException(
                      where(operation, name) + "expected it to be available: " + reason);
                });
            open(library);
          });
    });
  }

  private String where(String operation, String name) {
    return context.name() + ": --provider " + operation + "=" + name + ": ";
  }

  /**
   * Who does a node.
   *
   * @throws UnsupportedOpException where the provider that the user named cannot do the operation
   */
  Choice choose(CudaBackend backend, Value node, KernelOptions options) {
    var operation = node.op().label();
    var name = forced.get(operation);
    var library = name == null ? byRule(backend, node) : Library.of(name);
    if (library.isEmpty()) {
      return new Choice.Own();
    }
    if (!options.allows(operation, library.get().label())) {
      return name == null ? new Choice.Own() : new Choice.Split();
    }
    return switch (LibraryKernel.of(backend, node, open(library.get()))) {
      case Offer.Ready<Kernel>(var kernel) -> new Choice.Taken(kernel);
      case Offer.Refused<Kernel>(var reason) -> {
        if (node.op() instanceof Op.Fused(var _, var _)) {
          boolean parts = name != null || plainIsTaken(backend, node, library.get());
          yield parts ? new Choice.Split() : new Choice.Own();
        }
        if (name == null) {
          yield new Choice.Own();
        }
        throw new UnsupportedOpException(refusal(node, operation, name, reason));
      }
    };
  }

  /** The library that takes a node where the user named none; empty for our own kernels. */
  private Optional<Library> byRule(CudaBackend backend, Value node) {
    var library =
        switch (node.op().body()) {
          case Op.Linear _ -> Optional.of(Library.CUBLASLT);
          case Op.Conv2d _ -> Optional.of(Library.CUDNN);
          default -> Optional.<Library>empty();
        };
    return library.filter(l ->
        backend.activations() == DType.F16
            && node.shape().dim(-1) % WHOLE == 0
            && node.in(0).shape().dim(-1) % WHOLE == 0
            && libraries.missing(l).isEmpty());
  }

  /** Whether a library does a fused node's body without what follows it. */
  private boolean plainIsTaken(CudaBackend backend, Value node, Library library) {
    return LibraryKernel.body(backend, node, open(library));
  }

  private String refusal(Value node, String operation, String name, String reason) {
    var shapes =
        node.inputs().stream().map(v -> v.shape().toString()).collect(Collectors.joining(" "));
    return where(operation, name)
        + "expected "
        + node.path()
        + " ("
        + operation
        + " of "
        + shapes
        + " to "
        + node.shape()
        + ") to be possible, but "
        + reason
        + "; use --provider "
        + operation
        + "="
        + Library.OWN;
  }

  private Opened open(Library library) {
    var have = opened.get(library);
    if (have == null) {
      context.driver(); // The library starts in the current context.
      try {
        have = new Opened(library, libraries.open(library));
      } catch (DeviceException e) {
        throw new DeviceException(
            context.name()
                + ": expected "
                + library.label()
                + " to start, got "
                + e.getMessage()
                + "; do without it by --provider "
                + library.operations().getFirst()
                + "="
                + Library.OWN,
            e);
      }
      opened.put(library, have);
      context.keep(have);
    }
    return have;
  }
}
