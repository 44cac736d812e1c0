package org.drag4j.cli;

import java.io.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.drag4j.cli.command.BatchCommand;
import org.drag4j.cli.command.BenchCommand;
import org.drag4j.cli.command.DemoCommand;
import org.drag4j.cli.command.DragCommand;
import org.drag4j.cli.command.EditCommand;
import org.drag4j.cli.command.GenerateCommand;
import org.drag4j.cli.command.HelpCommand;
import org.drag4j.cli.command.InfoCommand;
import org.drag4j.cli.command.ModelCommand;
import org.drag4j.cli.command.ModelInfoCommand;
import org.drag4j.cli.command.ModelRandomCommand;
import org.drag4j.cli.command.PreviewCommand;
import org.drag4j.cli.command.SweepCommand;
import org.drag4j.cli.command.TuneCommand;
import org.drag4j.cli.command.VerifyCommand;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.cli.console.Host;
import org.drag4j.cli.doctor.DevicesCommand;
import org.drag4j.cli.doctor.DoctorCommand;
import org.drag4j.cli.option.EnvironmentDefaults;
import org.drag4j.cli.option.UsageMessage;
import org.drag4j.engine.Metadata;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The {@code drag4j} program. */
@Command(
    name = "drag4j",
    description = "Edits pictures by dragging regions, with Stable Diffusion.",
    mixinStandardHelpOptions = true,
    versionProvider = Drag4j.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Environment: DRAG4J_MODEL, DRAG4J_DEVICE, DRAG4J_THREADS, DRAG4J_CPU_VECTOR, DRAG4J_TUNED"
          + " and DRAG4J_PROGRESS stand for the flags of these names; DRAG4J_DEBUG=1 prints stack"
          + " traces.",
      "Exit codes: 0 done, 1 failure, 2 usage, 3 model missing or not matching, 4 device or kernel"
          + " not available, 5 out of memory, 130 interrupted."
    })
public final class Drag4j implements Callable<Integer> {
  private static final String DEBUG = "DRAG4J_DEBUG";
  private static final String HELP = "help";

  /** Stands for what could not be decoded. */
  private static final String REPLACEMENT = "\uFFFD";

  /** The commands, in the order in which they are listed. */
  static final List<String> COMMANDS =
      List.of(
          "edit",
          "drag",
          "preview",
          "sweep",
          "batch",
          "generate",
          "demo",
          "bench",
          "tune",
          "info",
          "devices",
          "doctor",
          "verify",
          "model",
          HELP);

  @Spec CommandSpec spec = CommandSpec.create();

  private Drag4j() {}

  /** Runs the program and ends the process. */
  public static void main(String[] args) {
    System.setProperty("java.awt.headless", "true");
    HeadStart.of(System.getenv(), args);
    var interrupt = Interrupt.install();
    boolean terminal =
        Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
    int code = run(new Host(System.getenv(), terminal, interrupt::requested), args);
    interrupt.finish();
    System.exit(code);
  }

  /** Runs the program on the standard streams. */
  static int run(Host host, String... args) {
    // One that notes what happens to System.out, which throws nothing.
    var commands =
        commandLine(host, args).setOut(new PrintWriter(System.out, true, System.out.charset()));
    return run(commands, host, args);
  }

  /** Runs a command line; every failure becomes one line and an exit code. */
  static int run(CommandLine commands, Host host, String... args) {
    int code;
    try {
      var lost = Arrays.stream(args).filter(Drag4j::isLost).findFirst();
      code = lost.isPresent() ? lost(commands.getErr(), lost.get()) : commands.execute(args);
    } catch (Error e) {
      code = report(commands.getErr(), host, e);
    }
    if (code == ExitCode.OK && commands.getOut().checkError()) {
      code =
          report(
              commands.getErr(),
              host,
              new IOException(
                  "stdout: expected to write the whole result, got a full disk or a closed end;"
                      + " files are as they should be"));
    }
    return code;
  }

  /**
   * Whether bytes of an argument meant nothing in the locale's encoding; a file may be called so.
   */
  private static boolean isLost(String argument) {
    try {
      return argument.contains(REPLACEMENT) && !Files.exists(Path.of(argument));
    } catch (InvalidPathException e) {
      return true;
    }
  }

  private static int lost(PrintWriter err, String argument) {
    print(
        err,
        "'"
            + argument
            + "': expected "
            + System.getProperty("sun.jnu.encoding")
            + ", the encoding of this locale, got other bytes; set LC_ALL to a locale of the"
            + " encoding that your terminal has");
    return ExitCode.USAGE;
  }

  /** All commands. */
  static CommandLine commandLine(Host host) {
    return commandLine(host, COMMANDS);
  }

  /**
   * The command that is asked for, where the first argument names one that works alone, else all.
   */
  static CommandLine commandLine(Host host, String... args) {
    // Every command's options take longer to look up than most commands take to start.
    return args.length > 0 && COMMANDS.contains(args[0]) && !args[0].equals(HELP)
        ? commandLine(host, List.of(args[0]))
        : commandLine(host);
  }

  private static CommandLine commandLine(Host host, List<String> names) {
    var commands = new CommandLine(new Drag4j());
    for (var name : names) {
      commands.addSubcommand(name, command(name, host));
    }
    return commands
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setDefaultValueProvider(new EnvironmentDefaults(host.environment()))
        .setParameterExceptionHandler((e, _) -> usage(e))
        .setExecutionExceptionHandler((e, command, _) -> report(command.getErr(), host, e));
  }

  private static Object command(String name, Host host) {
    return switch (name) {
      case "edit" -> new EditCommand(host);
      case "drag" -> new DragCommand(host);
      case "preview" -> new PreviewCommand();
      case "sweep" -> new SweepCommand(host);
      case "batch" -> new BatchCommand(host);
      case "generate" -> new GenerateCommand(host);
      case "demo" -> new DemoCommand(host);
      case "bench" -> new BenchCommand(host);
      case "tune" -> new TuneCommand(host);
      case "info" -> new InfoCommand();
      case "devices" -> new DevicesCommand();
      case "doctor" -> new DoctorCommand(host);
      case "verify" -> new VerifyCommand(host);
      case "model" ->
          new CommandLine(new ModelCommand())
              .addSubcommand(new ModelInfoCommand())
              .addSubcommand(new ModelRandomCommand(host));
      default -> new HelpCommand();
    };
  }

  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return ExitCode.USAGE;
  }

  private static int usage(ParameterException e) {
    var command = e.getCommandLine();
    String message = ExitCode.message(new IllegalArgumentException(UsageMessage.of(e)));
    print(
        command.getErr(),
        message + "; see " + command.getCommandSpec().qualifiedName() + " --help");
    return ExitCode.USAGE;
  }

  private static int report(PrintWriter err, Host host, Throwable failure) {
    print(err, ExitCode.message(failure));
    if (host.environment().containsKey(DEBUG)) {
      failure.printStackTrace(err);
      err.flush();
    }
    return ExitCode.of(failure);
  }

  private static void print(PrintWriter err, String message) {
    err.println("drag4j: " + message);
    err.flush();
  }

  /** The version the build wrote into the jar. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {Metadata.version()};
    }
  }
}
