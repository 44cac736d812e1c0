package org.drag4j.tests.accuracy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Devices;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.Step;
import org.drag4j.plan.PlanOptions;
import org.drag4j.trace.Trace;
import org.drag4j.weights.Component;
import org.drag4j.weights.ModelFolder;
import org.drag4j.weights.Safetensors;

/**
 * One UNet call of a full-size model against its evaluation in double. The evaluation takes
 * minutes, so its result is kept in a file, beside its inputs and the hash of the weights it
 * belongs to.
 */
final class FullSizeAccuracy {
  private static final long SEED = 42;
  private static final int TIMESTEP = 501;
  private static final String WEIGHTS = "weights_sha256";
  private static final double ALLOWED = 1e-4;
  private static final double ALLOWED_EXACT = 2e-5;
  private static final int PIXELS_PER_CELL = 8;

  private static final Set<String> OPTIONS =
      Set.of("--model", "--truth", "--size", "--threads", "--device");

  private FullSizeAccuracy() {}

  /**
   * {@code --model DIR --truth FILE [--size 512] [--threads N] [--device cpu]}. Ends with 1 where a
   * mode is less accurate than it should be.
   */
  public static void main(String[] args) throws IOException, InterruptedException {
    var options = options(args);
    var truthFile = Path.of(required(options, "--truth"));
    int threads =
        Integer.parseInt(
            options.getOrDefault("--threads", "" + Runtime.getRuntime().availableProcessors()));
    int side = Integer.parseInt(options.getOrDefault("--size", "512")) / PIXELS_PER_CELL;
    boolean ok;
    try (var unet = ModelFolder.open(Path.of(required(options, "--model"))).component("unet")) {
      if (!Files.exists(truthFile)) {
        evaluate(unet, truthFile, side, threads);
      }
      ok = compare(unet, truthFile, options.getOrDefault("--device", "cpu"), threads);
    }
    System.exit(ok ? 0 : 1);
  }

  private static Map<String, String> options(String[] args) {
    var options = new LinkedHashMap<String, String>();
    for (int i = 0; i < args.length; i += 2) {
      if (!OPTIONS.contains(args[i]) || i + 1 == args.length) {
        throw new IllegalArgumentException(
            "expected %s, each with a value, got %s".formatted(OPTIONS, args[i]));
      }
      options.put(args[i], args[i + 1]);
    }
    return options;
  }

  private static String required(Map<String, String> options, String name) {
    var value = options.getOrDefault(name, "");
    if (value.isEmpty()) {
      throw new IllegalArgumentException(name + ": expected a value, got none");
    }
    return value;
  }

  private static void evaluate(Component unet, Path file, int side, int threads)
      throws IOException, InterruptedException {
    var call = UnetCall.drawn(unet, side, TIMESTEP, SEED);
    long start = System.nanoTime();
    var told = new int[1];
    Numbers truth;
    try (var evaluation =
        new DoubleEvaluation(
            threads,
            part -> {
              if ((int) (20 * part) > told[0]) {
                told[0] = (int) (20 * part);
                say("%3.0f%% after %.0f s", 100 * part, seconds(start));
              }
            })) {
      truth = call.truth(evaluation);
    }
    var tensors = new LinkedHashMap<String, Numbers>();
    tensors.put(UnetCall.SAMPLE, call.sample());
    tensors.put(UnetCall.TIMESTEP, call.timestep());
    tensors.put(UnetCall.CONTEXT, call.context());
    tensors.put(UnetCall.OUT, truth);
    var metadata = Map.of("seed", "" + SEED, WEIGHTS, hash(unet));
    Numbers.write(file, tensors, metadata);
    say("%s written after %.0f s", file, seconds(start));
  }

  private static boolean compare(Component unet, Path file, String device, int threads) {
    UnetCall call;
    Numbers truth;
    try (var kept = Safetensors.open(file)) {
      var hash = hash(unet);
      if (!hash.equals(kept.metadata().get(WEIGHTS))) {
        throw new IllegalArgumentException(
            "%s: expected the evaluation of weights %s, got %s; name another file"
                .formatted(file, hash, kept.metadata().get(WEIGHTS)));
      }
      call =
          new UnetCall(
              unet,
              Numbers.read(kept, UnetCall.SAMPLE),
              Numbers.read(kept, UnetCall.TIMESTEP),
              Numbers.read(kept, UnetCall.CONTEXT));
      truth = Numbers.read(kept, UnetCall.OUT);
    }
    boolean ok = true;
    // Other devices decide on their own threads and refuse to be told.
    var own = device.equals("cpu") ? OptionalInt.of(threads) : OptionalInt.empty();
    System.out.println("| mode | relative L2 | allowed | | approximate kernels |");
    System.out.println("|---|--:|--:|---|---|");
    try (var backend = Devices.open(device, new DeviceOptions(own, OptionalInt.empty()))) {
      for (boolean exact : new boolean[] {false, true}) {
        var seen = new Approximate();
        var kernels = new KernelOptions(exact, Map.of());
        var got = call.computed(backend, PlanOptions.of(kernels), seen);
        double error = got.relativeL2(truth);
        double allowed = exact ? ALLOWED_EXACT : ALLOWED;
        boolean right = error <= allowed && !(exact && seen.steps > 0);
        System.out.printf(
            Locale.ROOT,
            "| %s | %.2e | %.0e | %s | %s |%n",
            exact ? "exact" : "default",
            error,
            allowed,
            right ? "ok" : "FAIL",
            seen);
        ok &= right;
      }
    }
    return ok;
  }

  /** Which approximate kernels ran, and how often. */
  private static final class Approximate implements Trace {
    private final Set<String> names = new TreeSet<>();
    private int steps;

    @Override
    public void end(Step step) {
      if (step.kernel().approximate()) {
        names.add(step.kernel().name());
        steps++;
      }
    }

    @Override
    public String toString() {
      return steps == 0 ? "none" : steps + " calls of " + String.join(", ", names);
    }
  }

  /** SHA-256 of all weights in the file's order. */
  private static String hash(Component unet) {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      for (var name : unet.weights().names()) {
        try (var arena = Arena.ofConfined()) {
          digest.update(unet.weights().bytes(name, arena).asByteBuffer());
        }
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java has it
    }
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  private static void say(String format, Object... values) {
    System.err.printf(Locale.ROOT, format + "%n", values);
  }
}
