## Any field

field-required = 此字段为必填项。
field-null = 此字段不能为 null。
field-blank = 此字段不能为空。
field-too-long = 此字段最多 { $max } 个字符。
field-null-characters = 不允许使用空字符。
field-control-characters = 不允许使用控制字符。
field-not-text = 不是有效的文本。
field-not-boolean = 此处只能为是或否。
field-not-number = 请输入有效的数字。
field-not-email = 请输入有效的电子邮箱地址。
field-not-username = 请输入有效的用户名。
field-not-date = 日期格式不正确。正确格式为：YYYY-MM-DD。
field-not-date-time = 日期时间格式不正确。正确格式为：YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]。
field-not-file = 文件必须以 data URI 形式发送。
field-not-language = 请输入语言标签，例如 zh-Hans。
field-not-choice = “{ $shown }”不是有效的选项。
field-not-unique = 此值已被使用。
language-automatic = 自动
answers-refused = 这些内容未被接受。
passwords-differ = 两次输入的密码不一致。
username-taken = 用户名已被使用。

## Signing in

log-in = 登录
continue-button = 继续
failed = 登录失败。
wrong-password = 密码不正确
too-many-attempts = 失败次数过多。请重新开始。
too-many-people = 当前登录的人数过多。请在 { $retry_after } 秒后重试。
too-many-requests = 请求过多。请在 { $retry_after } 秒后重试。
nobody-said = 尚未说明是哪个账户。
nobody-proved = 尚未有人证明身份。
no-pending-login = 没有可登录的账户。
no-pending-user = 不知道是哪个账户。
account-inactive = 此账户未启用。
account-cannot-sign-in = 此账户无法登录。
account-gone = 此账户已不存在。
account-missing = 该账户不存在。
sign-in-first = 请先登录。
signed-in-already = 您已经登录。
for-administrators = 仅供管理员使用。
for-outposts = 仅供 Outpost 使用。
reached-from-another = 此页面只能从其他页面进入。
reached-by-token = 此页面只能通过带有令牌的链接进入。
denied = 请求被拒绝。
does-not-apply = 此流程不适用于您。
step-unknown = 此版本的 Lockgate 无法执行步骤“{ $name }”（{ $word }）。
answers-another = 这是对“{ $shown }”的回答，但当前步骤是“{ $expected }”。

## Second factors

no-factor = 您需要第二步验证才能继续，但尚未设置。请向管理员寻求帮助。
passkey-elsewhere = 您的通行密钥在此地址无效。请通过域名打开本网站。
passkey-refused = 该通行密钥未被接受。请重试，或换一种方式。
passkey-not-made = 无法设置您的通行密钥。
passkey-stale = 用时过长。请重试。
passkey-unchecked = 无法验证该通行密钥。请重试。
passkey-unverified = 您的通行密钥必须通过 PIN 码、指纹或面容确认是您本人。
passkey-already = 此通行密钥已经设置过了。
passkey-model = 此处不允许使用这种型号的通行密钥。请使用其他通行密钥。
passkeys-many = 您的通行密钥过多。请先移除一个。
wrong-code = 验证码无效。请确认您设备的时间准确，然后重试。
code-differs = 验证码不正确
too-many-codes = 错误的验证码过多。请在 { $retry_after } 秒后重试。
device-unknown = 该设备不存在。
stage-unknown = 该选项不存在。
factor-app = 身份验证器应用
factor-codes = 恢复码
factor-passkey = 通行密钥

## Mail

email-sent = 邮件已发送。
too-many-emails-one = 请求的邮件过多。请在 1 分钟后重试。
too-many-emails = 请求的邮件过多。请在 { $minutes } 分钟后重试。
no-mail = 此服务器目前无法发送邮件。请向管理员寻求帮助。
link-dead = 此链接已被使用或已过期。
link-outdated = 此链接已失效。请重新开始。

## Accounts

invitation-invalid = 邀请无效或不存在
invitation-used = 此邀请已被使用。
nothing-to-write = 没有需要保存的内容。
name-needed = 新账户需要用户名。
no-account-here = 此处无法创建账户。
acting-as-another = 您正以他人身份操作，无法执行此操作：请先结束该状态。

## Consent

about-to-sign-in = 您即将登录 { $app }。
consent-stale = 此页面已过期。请重新决定。
offline-access = 在您离开时保持访问权限

## Passwords

password-missing = 未提供密码
password-unchecked = 无法检查密码。请稍后重试。
password-leaked = 该密码出现在 { $leaked } 个网络泄露列表中。
password-used = 此密码以前使用过。请选择其他密码。
password-expired = 密码已过期。
password-expired-days = 密码已于 { $days } 天前过期。请更新您的密码。
password-needs-character = 密码需要一个字符。
password-needs-characters = 密码至少需要 { $least } 个字符。
password-needs-digit = 密码需要一个数字。
password-needs-digits = 密码至少需要 { $least } 个数字。
password-needs-capital = 密码需要一个大写字母。
password-needs-capitals = 密码至少需要 { $least } 个大写字母。
password-needs-small = 密码需要一个小写字母。
password-needs-smalls = 密码至少需要 { $least } 个小写字母。
password-needs-symbol = 密码需要一个符号。
password-needs-symbols = 密码至少需要 { $least } 个符号。
password-weak = 密码强度太弱。
weak-rows = 一排相邻的按键很容易被猜到。
weak-patterns = 简短的键盘图案很容易被猜到。
weak-repeats = “aaa”这样的重复很容易被猜到。
weak-repeated-words = “abcabcabc”这样的重复只比“abc”稍难猜一点。
weak-top-10 = 这是最常见的 10 个密码之一。
weak-top-100 = 这是最常见的 100 个密码之一。
weak-common = 这是非常常见的密码。
weak-similar = 这与常见的密码相似。
weak-sequences = abc 或 6543 这样的序列很容易被猜到。
weak-years = 最近的年份很容易被猜到。
weak-word = 单独一个单词很容易被猜到。
weak-dates = 日期往往很容易被猜到。
weak-names-alone = 单独的名字或姓氏很容易被猜到。
weak-names = 常见的名字和姓氏很容易被猜到。
better-words = 请使用几个单词，避免常用短语。
better-no-symbols = 不需要符号、数字或大写字母。
better-another-word = 请再添加一两个单词，最好不常见。
better-capitals = 大写字母帮助不大。
better-all-capitals = 全部大写几乎和全部小写一样容易被猜到。
better-reversed = 倒写的单词并不会难猜很多。
better-substitutions = 用“@”代替“a”这样可预测的替换帮助不大。
better-pattern = 请使用更长、转折更多的键盘图案。
better-repeats = 请避免重复的单词和字符。
better-sequences = 请避免序列。
better-years = 请避免最近的年份。
better-own-years = 请避免与您有关的年份。
better-own-dates = 请避免与您有关的日期和年份。

## Policies

country-refused = 您的 IP 地址不属于允许的国家或地区。
network-refused = 您的 IP 地址不属于允许的网络。
distance-large = 与您上次登录地点的距离过大。
distance-impossible = 在此时间内不可能从您上次登录的地点到达这里。
may-not-change =
    { $what ->
        [name] 您无权更改姓名。
        [username] 您无权更改用户名。
       *[other] 您无权更改电子邮箱地址。
    }

## What is missing

needs-groups = 您需要属于以下群组之一：{ $names }。
needs-one-of = 改变以下任意一项即可：
needs-login = 您需要登录。
needs-active = 您的账户未启用。
needs-group = 您需要属于群组 { $name }。
needs-not-group = 群组 { $name } 的成员无权访问。
needs-user = 仅对被指名授予访问权限的账户开放。
needs-not-user = 您的账户被指名排除。
needs-check = 不满足条件 { $name }。
needs-not-check = 满足了不应满足的条件 { $name }。
needs-mfa = 您需要使用第二步验证登录。
needs-superuser = 您需要是管理员。
needs-membership-ended = 您在群组 { $name } 中的成员资格已于 { $moment } 到期。
needs-membership-ahead = 您在群组 { $name } 中的成员资格将于 { $moment } 开始。
needs-ended = { $whom } 的访问权限已于 { $moment } 到期。
needs-ahead = { $whom } 的访问权限将于 { $moment } 开始。
needs-permission = 没有任何策略授予您访问权限。
needs-forbidden = 策略 { $policy } 禁止此操作。
needs-error = 某条策略无法评估，而无法评估的一律拒绝。

## Applications and devices

configuration-error = 配置错误
client-error = 未知的客户端
redirect-error = 跳转地址错误
request-error = 请求错误
malformed-request = 无法读取的请求
access-denied-title = 访问被拒绝
too-many-tries-title = 尝试次数过多
no-login-flow = 没有用于登录的流程。
no-logout-flow = 没有用于退出登录的流程。
no-authorization-flow = 该应用没有授权流程。
client-not-this = 客户端标识（client_id）不属于此应用。
client-unknown = 客户端标识（client_id）缺失或无效。
return-not-this = 返回地址不属于此应用。
redirect-wrong = 跳转地址（redirect_uri）缺失、无效或不匹配。
request-unreadable = 无法读取请求：{ $error }。
flow-not-for-you = 此页面之前的流程不适用于您。
device-tries = 为了保护账户安全，请等待一分钟后再输入其他代码。
device-code-unknown = 该代码不存在或已过期。请查看您的设备，重新输入代码。
device-page-old = 此页面打开时间过长，或您的浏览器不保存 Cookie。请重试。
device-code-needed = 请输入您设备上显示的代码。

## Forward auth

login-failed = 登录失败
login-cannot-start = 此应用无法开始登录：其提供程序没有 Cookie 密钥。
login-answered = 登录站点返回：{ $error }。
login-code-unknown = 无法完成登录：代码未知、已被使用或已过期。
login-forged = 无法完成登录：登录不是从这里开始的。
login-elsewhere = 无法完成登录：登录是在其他浏览器中开始的，或其 Cookie 已丢失。
login-late = 无法完成登录：用时过长。

## Whether it is a person

captcha-unchecked = 无法验证您是否为真人。请稍后重试。
captcha-wrong-retry = 验证未通过。重试可能会解决此问题。
captcha-wrong = 验证未通过

## Phones

phone-number-wrong = 请输入含国家代码的手机号码，例如 +49 151 23456789。
phone-number-taken = 无法设置此手机号码：它已被使用。
message-sent = 短信已发送。
too-many-messages = 请求的短信过多。请在 { $minutes } 分钟后重试。
messages-not-sent = 此服务器目前无法发送短信。请向管理员寻求帮助。
duo-not-yet = Duo 尚未收到您手机的消息。请先在手机上激活。
duo-code-ended = 该二维码已过期。这是一个新的。
duo-unable = 目前无法使用 Duo。请使用其他方式，或向管理员寻求帮助。
push-waiting = 请在手机上批准请求，然后继续。
push-denied = 请求在手机上被拒绝。
push-ended = 手机上未及时回应。请重试，或使用其他方式。
push-too-often = 向手机发送的请求过多。请在 { $minutes } 分钟后重试。

## Guessing

too-many-wrong-passwords = 密码错误次数过多。请在 { $retry_after } 秒后重试。
delete-tick = 如果您想删除账户，请勾选此框。
too-many-messages-one = 请求的短信过多。请在 1 分钟后重试。
push-too-often-one = 向手机发送的请求过多。请在 1 分钟后重试。
show-factor-first = 请先使用第二验证因素重新登录：上次登录未使用，或已超过 15 分钟。
