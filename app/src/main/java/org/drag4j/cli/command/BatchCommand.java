package org.drag4j.cli.command;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.drag4j.cache.AtomicFile;
import org.drag4j.cache.Sha256;
import org.drag4j.cli.console.ConsoleProgress;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.cli.console.Host;
import org.drag4j.cli.option.DocumentOptions;
import org.drag4j.cli.option.EditOptions;
import org.drag4j.cli.option.OutputFile;
import org.drag4j.cli.option.UsageMessage;
import org.drag4j.document.EditDocument;
import org.drag4j.document.MaskFiles;
import org.drag4j.engine.Edit;
import org.drag4j.engine.Engine;
import org.drag4j.engine.Job;
import org.drag4j.engine.Keeping;
import org.drag4j.geometry.EditDocumentException;
import org.drag4j.method.Documents;
import org.drag4j.method.Given;
import org.drag4j.method.Methods;
import org.drag4j.picture.PictureException;
import org.drag4j.picture.PictureFiles;
import org.drag4j.pipeline.CancelledException;
import org.drag4j.weights.ModelException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code drag4j batch}: many documents, one after the other. */
@Command(
    name = "batch",
    description =
        "Carry out many edit documents. Those of one picture share its inversion; one that fails"
            + " does not stop the others; started again, it goes on where it was interrupted.",
    mixinStandardHelpOptions = true)
public final class BatchCommand implements Callable<Integer> {
  private static final String LINES = "-";
  private static final long MEGABYTE = 1 << 20;
  private static final int MAX_CACHE = 1 << 20;
  private static final int MAX_DOCUMENTS = 100_000;
  private static final int MAX_LINE = 16 << 20;

  private final Host host;

  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "DOCS",
      arity = "1..*",
      description =
          "Documents, edited PNGs, folders of them, or - for a document a line on stdin, whose file"
              + " names are relative to the current folder.")
  List<Path> documents = new ArrayList<>();

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "DIR",
      description =
          "Where the pictures go, and results.jsonl with a line for each document; made if it"
              + " does not exist.")
  Path output = Path.of("");

  @Option(
      names = "--cache",
      paramLabel = "MB",
      defaultValue = "2048",
      description = "Memory for inversions that may be used again. Default: ${DEFAULT-VALUE}.")
  int cache;

  @Mixin final EditOptions options = new EditOptions();

  /** Runs in this process. */
  public BatchCommand(Host host) {
    this.host = host;
  }

  /** A document by the name it has in the results, and the picture it becomes. */
  private record Item(String name, Path picture, Path folder, Optional<Path> file, String line) {
    /**
     * Reads it anew.
     *
     * @throws EditDocumentException where it is damaged
     */
    EditDocument read(DocumentOptions options, Consumer<String> warnings) {
      if (file.isPresent()) {
        return options.read(file.get(), warnings);
      }
      var masks = MaskFiles.in(folder, warnings);
      byte[] json = line.getBytes(StandardCharsets.UTF_8);
      return options.applied(Documents.parse(name, json, masks), masks);
    }
  }

  /** An item that can be done. */
  private record Work(
      Item item,
      EditDocument document,
      String picture,
      Path model,
      String hash,
      List<String> warnings) {
    /** Equal for works that share what their method keeps. */
    List<Record> sharing() {
      return Methods.of(document)
          .keeps(new Given(picture, document.prompt(), document.longPrompt(), document.seed()));
    }
  }

  @Override
  public Integer call() throws Exception {
    options.run.engine.check(spec);
    UsageMessage.requireRange(spec, "--cache", 0, MAX_CACHE, cache);
    options.run.engine.setup().prepare();
    var items = items();
    var keeping = options.keeping(spec, Keeping.WEIGHTS.withInversions(cache * MEGABYTE));
    Files.createDirectories(output);
    try (var progress = options.run.show.progress(spec, host);
        var results = ResultLog.open(output.resolve("results.jsonl"))) {
      AtomicFile.sweep(output);
      var works = new LinkedHashMap<Path, Map<List<Record>, List<Work>>>();
      int failed = 0;
      int skipped = 0;
      for (var item : items) {
        try {
          var work = work(item);
          if (results.isDone(item.name(), work.hash()) && Files.exists(item.picture())) {
            skipped++;
          } else {
            works
                .computeIfAbsent(work.model(), _ -> new LinkedHashMap<>())
                .computeIfAbsent(work.sharing(), _ -> new ArrayList<>())
                .add(work);
          }
        } catch (EditDocumentException | PictureException | ModelException e) {
          failed += failure(results, item, e, List.of());
        }
      }
      try (var engine = options.run.engine.start(keeping)) {
        for (var group : works.entrySet()) {
          var work = group.getValue().values().stream().flatMap(List::stream).toList();
          failed += run(engine, group.getKey(), work, progress, results);
        }
      }
      progress.finish();
      if (skipped > 0) {
        spec.commandLine().getErr().println(skipped + " were done before");
        spec.commandLine().getErr().flush();
      }
      return failed == 0 ? ExitCode.OK : ExitCode.FAILURE;
    }
  }

  private Work work(Item item) {
    var warnings = new ArrayList<String>();
    var document = item.read(options.document, warnings::add);
    var folder =
        options
            .run
            .model
            .required(document.model().map(item.folder()::resolve))
            .toAbsolutePath()
            .normalize();
    var setup = options.run.engine.setup();
    // All that the result depends on, so that a change of any file is noticed.
    String picture = PictureFiles.sha256(item.folder().resolve(document.image().file()));
    String what =
        String.join(
            "\n",
            document.withMasks(MaskFiles::inline).toJson(),
            picture,
            folder.toString(),
            setup.device() + " " + setup.exact() + " " + setup.options().activations());
    String hash = Sha256.hex(what.getBytes(StandardCharsets.UTF_8));
    return new Work(item, document, picture, folder, hash, warnings);
  }

  /** The number of failures. */
  private int run(
      Engine engine, Path model, List<Work> works, ConsoleProgress progress, ResultLog results)
      throws InterruptedException {
    try {
      engine.submit(progress.followed(Job.open(model))).await();
    } catch (ModelException e) {
      // The model cannot be opened: so none of its documents can be carried out.
      works.forEach(work -> failure(results, work.item(), e, work.warnings()));
      return works.size();
    }
    int failed = 0;
    for (var work : works) {
      failed += one(engine, work, progress, results);
    }
    return failed;
  }

  private int one(Engine engine, Work work, ConsoleProgress progress, ResultLog results)
      throws InterruptedException {
    var item = work.item();
    try {
      long started = System.nanoTime();
      work.warnings().forEach(progress::warn);
      var edit = Edit.of(item.folder(), work.document(), progress::warn);
      OutputFile.require(spec, item.picture(), edit.picture());
      var result = engine.submit(progress.followed(edit.job(work.model()))).await();
      new Edited(edit, result, work.model(), options.run.engine.setup(), item.picture())
          .save(options.metadata, progress);
      var row = new LinkedHashMap<String, Object>();
      row.put("document", item.name());
      row.put("ok", true);
      row.put("picture", item.picture().toString());
      row.put("seed", edit.document().seed());
      row.put("seconds", Math.rint((System.nanoTime() - started) / 1e6) / 1e3);
      row.put("hash", work.hash());
      row.put("warnings", progress.takeWarnings());
      print(results.add(row));
      return 0;
    } catch (CancelledException e) {
      throw e;
    } catch (RuntimeException | IOException e) {
      return failure(results, item, e, progress.takeWarnings());
    }
  }

  private int failure(ResultLog results, Item item, Exception e, List<String> warnings) {
    var row = new LinkedHashMap<String, Object>();
    row.put("document", item.name());
    row.put("ok", false);
    row.put("error", ExitCode.message(e));
    row.put("code", ExitCode.of(e));
    row.put("warnings", warnings);
    print(results.add(row));
    return 1;
  }

  private void print(String line) {
    spec.commandLine().getOut().println(line);
    spec.commandLine().getOut().flush();
  }

  private List<Item> items() throws IOException {
    var items = new ArrayList<Item>();
    Set<Path> pictures = new HashSet<>();
    for (var argument : documents) {
      if (argument.toString().equals(LINES)) {
        lines(items, pictures);
      } else if (Files.isDirectory(argument)) {
        try (Stream<Path> files = Files.list(argument)) {
          for (var file : files.sorted().toList()) {
            if (file.toString().toLowerCase(Locale.ROOT).endsWith(".json")) {
              add(items, file, pictures);
            }
          }
        }
      } else {
        add(items, argument, pictures);
      }
    }
    return items;
  }

  private void add(List<Item> items, Path file, Set<Path> pictures) {
    requireRoom(items);
    items.add(
        new Item(
            file.toString(),
            picture(OutputFile.stem(file), pictures),
            Edit.folder(file),
            Optional.of(file),
            ""));
  }

  private void lines(List<Item> items, Set<Path> pictures) throws IOException {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    int number = 0;
    for (String line = line(in, 1); line != null; line = line(in, number + 1)) {
      number++;
      if (!line.isBlank()) {
        requireRoom(items);
        String name = "line-" + number;
        items.add(
            new Item(
                name,
                picture(name, pictures),
                Path.of("").toAbsolutePath(),
                Optional.empty(),
                line));
      }
    }
  }

  /** The next line without its end, null after the last; none is held beyond its limit. */
  private static @Nullable String line(Reader in, int number) throws IOException {
    var line = new StringBuilder();
    int c = in.read();
    if (c < 0) {
      return null;
    }
    for (; c >= 0 && c != '\n'; c = in.read()) {
      if (line.length() == MAX_LINE) {
        throw new IOException(
            "stdin, line " + number + ": expected at most 16 MB, got more; check the input");
      }
      line.append((char) c);
    }
    return line.toString();
  }

  private static void requireRoom(List<Item> items) {
    if (items.size() >= MAX_DOCUMENTS) {
      throw new UncheckedIOException(
          new IOException(
              "batch: expected at most " + MAX_DOCUMENTS + " documents, got more; split it"));
    }
  }

  /** A name of its own for each, the same in every run. */
  private Path picture(String stem, Set<Path> taken) {
    var picture = output.resolve(stem + ".png");
    for (int i = 2; !taken.add(picture); i++) {
      picture = output.resolve(stem + "-" + i + ".png");
    }
    return picture;
  }
}
