package org.drag4j.verify;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.drag4j.device.Backend;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.plan.PlanOptions;
import org.drag4j.weights.Component;
import org.drag4j.weights.Config;
import org.drag4j.weights.ModelFolder;
import org.drag4j.weights.RenamedWeights;
import org.drag4j.weights.WeightFile;

/**
 * Checks this engine against a folder of recordings: {@code model}, a model in the diffusers
 * layout, and beside it what the reference implementations computed with that model, in {@code
 * text}, {@code unet}, {@code vae}, {@code scheduler}, in a file for each editing method, and in
 * float64 in {@code unet_f64} and {@code text_vae_f64} ({@code .safetensors} all). What is absent
 * is not checked.
 */
public final class Parity {
  private static final String TEXT = "text";
  private static final String UNET = "unet";
  private static final String UNET_TRUTH = "unet_f64";
  private static final String VAE = "vae";
  private static final String TEXT_VAE_TRUTH = "text_vae_f64";
  private static final String SCHEDULER = "scheduler";
  private static final String LEGACY_VAE = "vae_legacy_names";
  private static final String MODEL = "model";
  private static final String EXTENSION = ".safetensors";

  private static final List<MethodRecording> METHODS = MethodRecording.all();

  private static final List<String> FILES =
      Stream.concat(
              Stream.of(TEXT, UNET, UNET_TRUTH, VAE, TEXT_VAE_TRUTH, SCHEDULER),
              METHODS.stream().map(MethodRecording::stem))
          .toList();

  /** What may be in a folder and is not checked by this version. */
  private static final Map<String, String> UNSUPPORTED =
      Map.of(
          "grad.safetensors", "gradients",
          "lora", "LoRA adapters",
          "ip_adapter", "IP-Adapter",
          "model_ldm.safetensors", "single-file checkpoints");

  private final Path folder;
  private final Backend backend;
  private final PlanOptions plan;
  private final ParityOptions options;
  private final ParityTolerance tolerance;
  private final ParityRows rows;
  private Optional<ParityFile> current = Optional.empty();

  private Parity(
      Path folder,
      Backend backend,
      PlanOptions plan,
      ParityOptions options,
      Consumer<ParityRow> sink) {
    this.folder = folder;
    this.backend = backend;
    this.plan = plan;
    this.options = options;
    this.tolerance = ParityTolerance.of(plan.kernels().exact(), backend.activations());
    this.rows =
        new ParityRows(row -> {
          sink.accept(row);
          advance();
        });
  }

  /**
   * Repeats every recorded case.
   *
   * @param folder of recordings
   * @param backend with activations in F16 the tolerances of half precision apply
   * @param plan with {@code exact} the tighter tolerances apply
   * @param sink is handed every row as soon as it is known, those of a run in the order its tensors
   *     come about
   * @throws ParityException where a recording is damaged or there is none
   * @throws org.drag4j.pipeline.CancelledException where the progress asked to stop
   * @throws org.drag4j.weights.ModelException where the model is missing or damaged
   * @throws org.drag4j.tensor.WeightMismatchException where the model's parts do not fit
   */
  public static ParityReport run(
      Path folder,
      Backend backend,
      PlanOptions plan,
      ParityOptions options,
      Consumer<ParityRow> sink) {
    return new Parity(folder, backend, plan, options, sink).run();
  }

  private ParityReport run() {
    if (!Files.isDirectory(folder)) {
      throw new ParityException(
          folder + ": expected a folder of recordings, got no folder; check the path");
    }
    if (FILES.stream().noneMatch(f -> Files.exists(folder.resolve(f + EXTENSION)))) {
      throw new ParityException(
          "%s: expected recordings (%s.safetensors), got none; check the path"
              .formatted(folder, String.join(", ", FILES)));
    }
    nameUnsupported();
    options.progress().phase("load", 1);
    var model = ModelFolder.open(folder.resolve(MODEL));
    try (var text = open(TEXT);
        var unet = open(UNET);
        var unetTruth = open(UNET_TRUTH);
        var vae = open(VAE);
        var textVaeTruth = open(TEXT_VAE_TRUTH);
        var scheduler = open(SCHEDULER);
        var methods = new OpenedMethods(folder);
        var pipeline = Pipeline.open(model, backend, plan)) {
      pipeline.trace(options.trace());
      text.file()
          .ifPresent(f -> {
            begin(f);
            new ParityText(
                    model, pipeline.tokenizer(), backend, plan, tolerance, rows, options.trace())
                .check(f, textVaeTruth.file());
          });
      unet.file()
          .ifPresent(f -> {
            begin(f);
            new ParityUnet(model, backend, plan, tolerance, rows, options.trace())
                .check(f, unetTruth.file());
          });
      vae.file()
          .ifPresent(f -> {
            begin(f);
            vae(model, f, textVaeTruth.file());
          });
      scheduler
          .file()
          .ifPresent(f -> {
            begin(f);
            new ParityScheduler(pipeline, tolerance, rows)
                .check(f, text.file().map(ParityText::texts).orElse(List.of()));
          });
      methods.files.forEach((method, f) -> {
        begin(f);
        method.check(f, new Replay(folder, pipeline, options, tolerance, rows));
      });
      for (var opened : List.of(text, unet, unetTruth, vae, textVaeTruth, scheduler)) {
        opened.file().ifPresent(this::nameUnasked);
      }
      methods.files.values().forEach(this::nameUnasked);
    }
    return rows.report();
  }

  private void begin(ParityFile file) {
    current = Optional.of(file);
    options.progress().phase(file.stem(), file.names().size());
  }

  /** How many of the file's tensors have been asked for tells how far the work is. */
  private void advance() {
    current.ifPresent(file -> {
      int all = file.names().size();
      options.progress().advance(all - file.unasked().size(), all);
    });
  }

  private void vae(ModelFolder model, ParityFile file, Optional<ParityFile> truth) {
    var check = new ParityVae(backend, plan, tolerance, rows, options.trace());
    try (var part = model.component("vae")) {
      check.check(file, part, VAE, truth);
    }
    var legacy = folder.resolve(LEGACY_VAE);
    if (Files.isDirectory(legacy)) {
      try (var part =
          new Component(
              LEGACY_VAE,
              Config.read(legacy.resolve("config.json")),
              RenamedWeights.autoencoder(
                  WeightFile.open(legacy.resolve("diffusion_pytorch_model.safetensors"))),
              legacy)) {
        check.check(file, part, LEGACY_VAE, Optional.empty());
      }
    }
  }

  private void nameUnsupported() {
    var found = new TreeMap<String, String>();
    var unsupported = new HashMap<>(UNSUPPORTED);
    METHODS.forEach(method -> unsupported.putAll(method.unsupported()));
    var known = Set.of(MODEL, LEGACY_VAE);
    try (var entries = Files.list(folder)) {
      for (var entry : entries.toList()) {
        var name = String.valueOf(entry.getFileName());
        boolean checked =
            known.contains(name)
                || (name.endsWith(EXTENSION)
                    && FILES.contains(name.substring(0, name.length() - EXTENSION.length())));
        if (unsupported.containsKey(name)) {
          found.put(name, unsupported.get(name) + ", which this version does not check");
        } else if (!checked && (name.endsWith(EXTENSION) || Files.isDirectory(entry))) {
          found.put(name, "not a kind of recording this version knows");
        }
      }
    } catch (IOException e) {
      throw new ParityException(
          "%s: expected to list the folder, got %s; check its permissions"
              .formatted(folder, e.getMessage()),
          e);
    }
    found.forEach((name, why) -> rows.skip(name + ": " + why));
  }

  private void nameUnasked(ParityFile file) {
    var unasked = file.unasked();
    if (!unasked.isEmpty()) {
      rows.skip(
          "%s: %d tensors that belong to no known case: %s%s"
              .formatted(
                  file.fileName(),
                  unasked.size(),
                  String.join(", ", unasked.subList(0, Math.min(4, unasked.size()))),
                  unasked.size() > 4 ? ", ..." : ""));
    }
  }

  /** A file of the folder, if it is there. */
  private record Opened(Optional<ParityFile> file) implements AutoCloseable {
    @Override
    public void close() {
      file.ifPresent(ParityFile::close);
    }
  }

  /** The files of methods that are there. */
  private static final class OpenedMethods implements AutoCloseable {
    private final SequencedMap<MethodRecording, ParityFile> files = new LinkedHashMap<>();

    OpenedMethods(Path folder) {
      try {
        for (var method : METHODS) {
          ParityFile.open(folder, method.stem()).ifPresent(file -> files.put(method, file));
        }
      } catch (RuntimeException | Error e) {
        close();
        throw e;
      }
    }

    @Override
    public void close() {
      files.values().forEach(ParityFile::close);
    }
  }

  private Opened open(String stem) {
    return new Opened(ParityFile.open(folder, stem));
  }
}
