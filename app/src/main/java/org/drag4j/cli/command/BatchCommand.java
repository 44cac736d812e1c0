package org.drag4j.cli.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.drag4j.cache.AtomicFile;
import org.drag4j.cli.console.ConsoleProgress;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.cli.console.Host;
import org.drag4j.cli.option.EditOptions;
import org.drag4j.cli.option.OutputFile;
import org.drag4j.cli.option.UsageMessage;
import org.drag4j.document.EditDocument;
import org.drag4j.engine.Edit;
import org.drag4j.engine.Engine;
import org.drag4j.engine.Job;
import org.drag4j.engine.Keeping;
import org.drag4j.engine.Place;
import org.drag4j.engine.Provenance;
import org.drag4j.geometry.EditDocumentException;
import org.drag4j.method.Given;
import org.drag4j.method.Methods;
import org.drag4j.picture.PictureException;
import org.drag4j.pipeline.CancelledException;
import org.drag4j.weights.ModelException;
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
  private static final long MEGABYTE = 1 << 20;
  private static final int MAX_CACHE = 1 << 20;

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
              + " does not exist. A document whose picture is there and says that it was made from"
              + " the same document, picture, model and settings is done.")
  Path output = Path.of("");

  @Option(
      names = {"-i", "--image"},
      paramLabel = "IMAGE",
      arity = "1..*",
      description =
          "Pictures to edit by one document, each instead of the document's; a folder stands for"
              + " the pictures in it.")
  List<Path> images = new ArrayList<>();

  @Option(
      names = "--cache",
      paramLabel = "MB",
      defaultValue = "2048",
      description = "Memory for inversions that may be used again. Default: ${DEFAULT-VALUE}.")
  int cache;

  @Mixin final EditOptions options = new EditOptions();

  /** Documents that are done, or have failed. */
  private int count;

  /** Runs in this process. */
  public BatchCommand(Host host) {
    this.host = host;
  }

  /**
   * An item that can be read.
   *
   * @param hash of all that its picture depends on
   */
  private record Work(
      BatchItem item,
      EditDocument document,
      List<Edit.Source> sources,
      Place model,
      String hash,
      List<String> warnings) {
    /** Equal for works that share what their method keeps. */
    List<Record> sharing() {
      String picture = sources.getFirst().sha256();
      return Methods.of(document)
          .keeps(new Given(picture, document.prompt(), document.longPrompt(), document.seed()));
    }

    /** Whether a picture is what this gives. */
    boolean isDone(Provenance made) {
      return made.isOf(hash);
    }

    /** Whether a picture was made by the same document, of the same picture where that is named. */
    boolean isBy(Provenance made) {
      return item.file().filter(made::isBy).isPresent()
          && (item.image().isEmpty() || made.image().equals(sources.getFirst().sha256()));
    }

    Stream<Path> read() {
      return Stream.concat(
          item.file().stream(), sources.stream().map(source -> source.place().path()));
    }
  }

  /** A work that is still to be done. */
  private record Task(Work work, OutputFile out) {}

  @Override
  public Integer call() throws Exception {
    options.run.engine.check(spec);
    UsageMessage.requireRange(spec, "--cache", 0, MAX_CACHE, cache);
    options.run.engine.setup().prepare();
    var named = BatchItems.of(documents);
    var items = images.isEmpty() ? named : BatchItems.of(named, images);
    var keeping = options.keeping(spec, Keeping.WEIGHTS.withInversions(cache * MEGABYTE));
    Files.createDirectories(output);
    var log = output.resolve("results.jsonl");
    try (var progress = options.run.show.progress(spec, host);
        var results = ResultLog.open(log, options.overwrite.allowed())) {
      AtomicFile.sweep(output);
      var works = new ArrayList<Work>();
      for (var item : items) {
        try {
          works.add(work(item));
        } catch (EditDocumentException | PictureException | ModelException e) {
          failure(results, item, e, List.of());
        }
      }
      int failed = items.size() - works.size();
      var names = BatchNames.in(output, works.stream().flatMap(Work::read).toList());
      var tasks = new LinkedHashMap<Path, Map<List<Record>, List<Task>>>();
      int skipped = 0;
      for (var work : works) {
        var picture = names.take(work.item().stem(), work::isBy, work::isDone);
        if (names.record(picture).filter(work::isDone).isPresent()) {
          skipped++;
          continue;
        }
        try {
          var out = options.overwrite.picture(spec, picture, work.item().file());
          out.check(work.read().toArray(Path[]::new));
          tasks
              .computeIfAbsent(
                  work.model().path().toAbsolutePath().normalize(), _ -> new LinkedHashMap<>())
              .computeIfAbsent(work.sharing(), _ -> new ArrayList<>())
              .add(new Task(work, out));
        } catch (IOException e) {
          failed += failure(results, work.item(), e, work.warnings());
        }
      }
      count = skipped + failed;
      try (var engine = options.run.engine.start(keeping)) {
        for (var group : tasks.entrySet()) {
          var all = group.getValue().values().stream().flatMap(List::stream).toList();
          failed += run(engine, group.getKey(), all, items.size(), progress, results);
        }
      }
      progress.finish();
      if (skipped > 0) {
        say(skipped + (skipped == 1 ? " was done before" : " were done before"));
      }
      if (failed > 0) {
        say(failed + " of " + items.size() + " failed; results.jsonl says why");
      }
      return failed == 0 ? ExitCode.OK : ExitCode.FAILURE;
    }
  }

  private Work work(BatchItem item) {
    var warnings = new ArrayList<String>();
    var document = item.read(options.document, warnings::add);
    var sources = Edit.sources(item.folder(), document, item.image());
    var model = options.run.model.of(document.model().map(name -> Place.in(item.folder(), name)));
    String hash = Edit.work(document, sources, model.path(), options.run.engine.setup());
    return new Work(item, document, sources, model, hash, warnings);
  }

  /** The number of failures. */
  private int run(
      Engine engine,
      Path model,
      List<Task> tasks,
      int of,
      ConsoleProgress progress,
      ResultLog results)
      throws InterruptedException {
    try {
      engine.submit(progress.followed(Job.open(model))).await();
    } catch (ModelException e) {
      // The model cannot be opened: so none of its documents can be carried out.
      tasks.forEach(task -> failure(results, task.work().item(), e, task.work().warnings()));
      count += tasks.size();
      return tasks.size();
    }
    int failed = 0;
    for (var task : tasks) {
      count++;
      progress.item(task.work().item().title(), count, of);
      failed += one(engine, model, task, progress, results);
    }
    return failed;
  }

  private int one(Engine engine, Path model, Task task, ConsoleProgress progress, ResultLog results)
      throws InterruptedException {
    var work = task.work();
    var item = work.item();
    try {
      long started = System.nanoTime();
      work.warnings().forEach(progress::warn);
      var edit = Edit.of(item.folder(), work.document(), item.image(), progress::warn);
      var result = engine.submit(progress.followed(edit.job(model))).await();
      new Edited(edit, result, work.model(), options.run.engine.setup(), task.out())
          .save(options.metadata, progress);
      var row = row(item, true);
      row.put("picture", task.out().path().toString());
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

  private int failure(ResultLog results, BatchItem item, Exception e, List<String> warnings) {
    var row = row(item, false);
    row.put("error", ExitCode.message(e));
    row.put("code", ExitCode.of(e));
    row.put("warnings", warnings);
    print(results.add(row));
    return 1;
  }

  private static Map<String, Object> row(BatchItem item, boolean ok) {
    var row = new LinkedHashMap<String, Object>();
    row.put("document", item.name());
    item.image().ifPresent(image -> row.put("image", image.toString()));
    row.put("ok", ok);
    return row;
  }

  private void say(String line) {
    spec.commandLine().getErr().println(line);
    spec.commandLine().getErr().flush();
  }

  private void print(String line) {
    spec.commandLine().getOut().println(line);
    spec.commandLine().getOut().flush();
  }
}
