package org.drag4j.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.drag4j.cache.AtomicFile;
import org.drag4j.document.EditDocumentException;
import org.drag4j.document.MaskFiles;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.session.Editor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code drag4j sweep}: one document with many values of its parameters, side by side. */
@Command(
    name = "sweep",
    description =
        "Edit a picture with every combination of some values, and put the results on one sheet.",
    mixinStandardHelpOptions = true)
final class SweepCommand implements Callable<Integer> {
  private static final int MAX_RUNS = 256;

  /** Runs that differ only behind the inversion share it. */
  private static final long CACHE = 2L << 30;

  private final Host host;

  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "DOC.json", description = "As for edit.")
  Path file = Path.of("");

  @Option(
      names = "--over",
      paramLabel = "PATH=V1,V2,...",
      description = "Values of a place of the document: method.start=0.3,0.4; may be repeated.")
  List<String> over = new ArrayList<>();

  @Option(
      names = "--seeds",
      paramLabel = "K",
      description = "K seeds from the document's on: short for --over seed=...")
  Optional<Integer> seeds = Optional.empty();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "DIR",
      description =
          "Where 01.png, 02.png, ..., sheet.png and table.csv go; made if it does not exist."
              + " Default: DOC-sweep in the current folder.")
  Optional<Path> output = Optional.empty();

  @Mixin final DocumentOptions options = new DocumentOptions();
  @Mixin final DocumentOptions.Image image = new DocumentOptions.Image();
  @Mixin final ModelOption model = new ModelOption();
  @Mixin final EngineOptions engine = new EngineOptions();
  @Mixin final InversionOptions inversions = new InversionOptions();
  @Mixin final OutputOptions show = new OutputOptions();
  @Mixin final MetadataOption metadata = new MetadataOption();

  SweepCommand(Host host) {
    this.host = host;
  }

  /** One run of the grid. */
  private record Run(String label, EditRun edit) {}

  @Override
  public Integer call() throws Exception {
    engine.check(spec);
    engine.prepare();
    // Everything is read and checked before the first run.
    var base = EditRun.open(file, options, image);
    var runs = runs(base);
    var folder = output.orElseGet(() -> Path.of(EditRun.stem(file) + "-sweep"));
    var modelFolder = base.model(model.folder);
    var rows = new ArrayList<Map<String, Object>>();
    var cells = new ArrayList<ContactSheet.Cell>();
    cells.add(new ContactSheet.Cell("original", base.original()));
    inversions.open(spec, engine);
    Files.createDirectories(folder);
    try (var progress = show.progress(spec, host)) {
      engine.run(
          modelFolder,
          Pipeline.Residency.KEEP,
          progress,
          pipeline -> {
            pipeline.keepInversions(CACHE);
            inversions.use(pipeline);
            for (int i = 0; i < runs.size(); i++) {
              var out = folder.resolve(name(i));
              cells.add(one(runs.get(i), out, modelFolder, pipeline, progress, rows));
            }
            return rows;
          });
      var sheet = folder.resolve("sheet.png");
      EditRun.save(ContactSheet.of(cells), sheet, Map.of(), progress);
      progress.finish();
      var table = table(rows);
      AtomicFile.write(
          folder.resolve("table.csv"),
          stream -> stream.write(csv(rows).getBytes(StandardCharsets.UTF_8)));
      var json = new LinkedHashMap<String, Object>();
      json.put("folder", folder.toString());
      json.put("sheet", sheet.toString());
      json.put("runs", rows);
      show.print(spec, json, table.toArray(String[]::new));
    }
    return ExitCode.OK;
  }

  private ContactSheet.Cell one(
      Run run,
      Path out,
      Path modelFolder,
      Pipeline pipeline,
      ConsoleProgress progress,
      List<Map<String, Object>> rows) {
    long started = System.nanoTime();
    var edit = run.edit();
    var result = Editor.edit(edit.document(), edit.original(), pipeline, progress);
    double seconds = (System.nanoTime() - started) / 1e9;
    var texts = metadata.of(() -> edit.texts(result, modelFolder, out, engine));
    try {
      EditRun.save(result.picture(), out, texts, progress);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    var error = ColourError.of(edit.original(), result.picture(), result.pixels());
    var row = new LinkedHashMap<String, Object>();
    row.put("values", run.label());
    row.put("picture", out.toString());
    row.put("seconds", rounded(seconds));
    row.put("colourError", rounded(error.edited()));
    row.put("colourErrorUnedited", rounded(error.unedited()));
    row.put("changeOutside", rounded(result.changeOutside()));
    rows.add(row);
    return new ContactSheet.Cell(run.label(), result.picture());
  }

  private static double rounded(double value) {
    return Math.rint(value * 1000) / 1000;
  }

  private static String name(int index) {
    return String.format(Locale.ROOT, "%02d.png", index + 1);
  }

  /** Every combination, the last axis fastest. */
  private List<Run> runs(EditRun base) {
    var axes = new ArrayList<>(over.stream().map(this::axis).toList());
    seeds.ifPresent(count -> {
      long first = base.document().seed();
      axes.add(
          IntStream.range(0, Math.clamp(count, 1, MAX_RUNS + 1))
              .mapToObj(i -> "seed=" + Math.addExact(first, i))
              .toList());
    });
    long total = 1;
    for (var axis : axes) {
      total = Math.min(MAX_RUNS + 1L, total * axis.size());
    }
    if (axes.isEmpty() || total > MAX_RUNS) {
      throw new ParameterException(
          spec.commandLine(),
          "--over: expected 1 to "
              + MAX_RUNS
              + " combinations, got "
              + (axes.isEmpty() ? "none" : "more")
              + "; give for example --over method.start=0.3,0.5");
    }
    var runs = new ArrayList<Run>();
    for (int i = 0; i < total; i++) {
      var settings = new ArrayList<String>();
      int rest = i;
      for (var axis : axes.reversed()) {
        settings.addFirst(axis.get(rest % axis.size()));
        rest /= axis.size();
      }
      var masks = MaskFiles.in(base.documentFolder());
      var document = base.document().withSettings("--over", settings, masks);
      if (!document.image().equals(base.document().image())) {
        throw new EditDocumentException(
            "--over", "one picture", "several", "sweep over other places of the document");
      }
      document.validate(base.original().width(), base.original().height());
      runs.add(
          new Run(
              String.join(" ", settings),
              new EditRun(base.documentFolder(), document, base.original(), base.hash())));
    }
    return runs;
  }

  /** The assignments of one axis; commas inside brackets or quotes belong to a value. */
  private List<String> axis(String text) {
    int equals = text.indexOf('=');
    if (equals < 1) {
      throw new ParameterException(
          spec.commandLine(), "--over: expected PATH=V1,V2,..., got '" + text + "'");
    }
    String path = text.substring(0, equals + 1);
    var values = new ArrayList<String>();
    int depth = 0;
    boolean quoted = false;
    int begin = equals + 1;
    for (int i = begin; i < text.length(); i++) {
      char c = text.charAt(i);
      quoted ^= c == '"';
      if (!quoted) {
        depth += "[{".indexOf(c) >= 0 ? 1 : 0;
        depth -= "]}".indexOf(c) >= 0 ? 1 : 0;
      }
      if (c == ',' && depth == 0 && !quoted) {
        values.add(path + text.substring(begin, i));
        begin = i + 1;
      }
    }
    values.add(path + text.substring(begin));
    return values;
  }

  private static List<String> table(List<Map<String, Object>> rows) {
    var lines = new ArrayList<String>();
    int width =
        rows.stream().mapToInt(r -> String.valueOf(r.get("values")).length()).max().orElse(0);
    String form = "%-" + Math.max(width, 6) + "s  %8s  %12s  %14s  %s";
    lines.add(
        String.format(
            Locale.ROOT, form, "values", "seconds", "colour error", "change outside", "picture"));
    for (var row : rows) {
      lines.add(
          String.format(
              Locale.ROOT,
              form,
              row.get("values"),
              row.get("seconds"),
              row.get("colourError"),
              row.get("changeOutside"),
              row.get("picture")));
    }
    return lines;
  }

  private static String csv(List<Map<String, Object>> rows) {
    var text = new StringBuilder();
    text.append(String.join(",", rows.getFirst().keySet())).append('\n');
    for (var row : rows) {
      String separator = "";
      for (var value : row.values()) {
        text.append(separator);
        separator = ",";
        text.append(
            value instanceof Number
                ? value
                : '"' + String.valueOf(value).replace("\"", "\"\"") + '"');
      }
      text.append('\n');
    }
    return text.toString();
  }
}
