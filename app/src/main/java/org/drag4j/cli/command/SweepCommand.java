package org.drag4j.cli.command;

import java.io.IOException;
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
import org.drag4j.cli.console.ConsoleProgress;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.cli.console.Host;
import org.drag4j.cli.option.DocumentOptions;
import org.drag4j.cli.option.EditOptions;
import org.drag4j.cli.option.OutputFile;
import org.drag4j.document.MaskFiles;
import org.drag4j.engine.Edit;
import org.drag4j.engine.Engine;
import org.drag4j.engine.Job;
import org.drag4j.engine.Keeping;
import org.drag4j.engine.Place;
import org.drag4j.engine.Provenance;
import org.drag4j.geometry.EditDocumentException;
import org.drag4j.geometry.View;
import org.drag4j.method.Documents;
import org.drag4j.picture.PictureMetadata;
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
public final class SweepCommand implements Callable<Integer> {
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
          "Where 01.png, 02.png, ..., sheet.png and table.csv go; made if it does not exist. The"
              + " sheet shows the part that is edited. What an earlier sweep of the document made"
              + " there is taken away; beside other things the sweep makes a folder of its own."
              + " Default: DOC-sweep in the current folder.")
  Optional<Path> output = Optional.empty();

  @Mixin final EditOptions options = new EditOptions();
  @Mixin final DocumentOptions.Image image = new DocumentOptions.Image();

  /** Runs in this process. */
  public SweepCommand(Host host) {
    this.host = host;
  }

  /** One run of the grid. */
  private record Run(String label, Edit edit) {}

  @Override
  public Integer call() throws Exception {
    options.run.engine.check(spec);
    options.run.engine.setup().prepare();
    // Everything is read and checked before the first run.
    var progress = options.run.show.progress(spec, host);
    var document = image.applied(options.document.read(file, progress::warn));
    var base = Edit.of(Edit.folder(file), document, image.file(), progress::warn);
    var runs = runs(base);
    var model = options.run.model.of(base);
    var keeping = options.keeping(spec, Keeping.WEIGHTS.withInversions(CACHE));
    var folder = folder(progress);
    var pictures = new ArrayList<OutputFile>();
    for (int i = 0; i < runs.size(); i++) {
      pictures.add(picture(folder, name(i), base));
    }
    var sheet = picture(folder, SweepFolder.SHEET, base);
    var rows = new ArrayList<Map<String, Object>>();
    var cells = new ArrayList<ContactSheet.Cell>();
    var part = ContactSheet.part(runs.stream().map(run -> run.edit().checked().drawing()).toList());
    cells.add(ContactSheet.Cell.of("original", base.original(), part));
    try (progress) {
      try (var engine = options.run.engine.start(keeping)) {
        engine.submit(progress.followed(Job.open(model.path()))).await();
        folder.clear();
        for (int i = 0; i < runs.size(); i++) {
          cells.add(one(runs.get(i), pictures.get(i), model, engine, progress, part, rows));
        }
      }
      var csv = csv(rows);
      var origin =
          options.metadata.origin(
              () -> new Provenance.Origin(Optional.of(file), "", SweepFolder.digest(csv)));
      sheet.save(ContactSheet.of(cells), PictureMetadata.NONE, origin, progress);
      progress.finish();
      options.overwrite.file(spec, "-o", folder.path().resolve(SweepFolder.TABLE)).write(csv);
      var json = new LinkedHashMap<String, Object>();
      json.put("folder", folder.path().toString());
      json.put("sheet", sheet.path().toString());
      json.put("runs", rows);
      json.put("warnings", progress.takeWarnings());
      options.run.show.print(spec, json, table(rows).toArray(String[]::new));
    }
    return ExitCode.OK;
  }

  /** The folder that is named, or one of the sweep's own, made if it does not exist. */
  private SweepFolder folder(ConsoleProgress progress) throws IOException {
    var own = Path.of(OutputFile.stem(file) + "-sweep");
    var wanted = output.orElse(own);
    var folder =
        SweepFolder.of(
            wanted,
            output.map(named -> named.resolve(own)).orElse(own),
            file,
            options.overwrite.allowed());
    if (!folder.path().equals(wanted)) {
      progress.warn(wanted + " holds other things; the sweep goes to " + folder.path());
    }
    Files.createDirectories(folder.path());
    return folder;
  }

  private OutputFile picture(SweepFolder folder, String name, Edit base) throws IOException {
    var picture = options.overwrite.picture(spec, folder.path().resolve(name), Optional.of(file));
    picture.check(base.picture(), file);
    return picture;
  }

  private ContactSheet.Cell one(
      Run run,
      OutputFile out,
      Place model,
      Engine engine,
      ConsoleProgress progress,
      View part,
      List<Map<String, Object>> rows)
      throws IOException, InterruptedException {
    long started = System.nanoTime();
    var edit = run.edit();
    var result = engine.submit(progress.followed(edit.job(model.path()))).await();
    double seconds = (System.nanoTime() - started) / 1e9;
    new Edited(edit, result, model, options.run.engine.setup(), out)
        .save(options.metadata, progress);
    var error = ColourError.of(edit.original(), result.picture(), result.pixels());
    var row = new LinkedHashMap<String, Object>();
    row.put("values", run.label());
    row.put("picture", out.path().toString());
    row.put("seconds", rounded(seconds));
    row.put("colourError", rounded(error.edited()));
    row.put("colourErrorUnedited", rounded(error.unedited()));
    row.put("changeOutside", rounded(result.changeOutside()));
    rows.add(row);
    return ContactSheet.Cell.of(run.label(), result.picture(), part);
  }

  private static double rounded(double value) {
    return Math.rint(value * 1000) / 1000;
  }

  private static String name(int index) {
    return String.format(Locale.ROOT, "%02d.png", index + 1);
  }

  /** Every combination, the last axis fastest. */
  private List<Run> runs(Edit base) {
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
      // What is odd about them was said when the document was read.
      var masks = MaskFiles.in(base.documentFolder(), _ -> {});
      var document = Documents.set(base.document(), "--over", settings, masks);
      if (!document.image().equals(base.document().image())) {
        throw new EditDocumentException(
            "--over", "one picture", "several", "sweep over other places of the document");
      }
      runs.add(new Run(String.join(" ", settings), base.with(document)));
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
